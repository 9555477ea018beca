"""The section on evaluations that end early."""

from pairs import unpacked
from report_text import machine_line, paragraph, percent, table
from results import Results


def section(results: Results) -> str:
    """A row for each tolerance."""
    (stored,) = results.find(what="verdicts")
    cheap, costly = (unpacked(stored[name], stored["images"]) for name in ("pgd-20", "autoattack"))
    clean = unpacked(stored["clean"], stored["images"])
    accuracies = [percent(float(found.double().mean())) for found in (clean, cheap, cheap & costly)]
    text = paragraph(
        f"A network of {stored['macs'] / 1e6:.1f} M MACs, trained by one-step adversarial training, on all "
        f"{stored['images']:,} test images of Fashion-MNIST at {stored['threat']}: {accuracies[0]} % right, "
        f"{accuracies[1]} % under PGD-20, {accuracies[2]} % under AutoAttack as well. With a tolerance, AutoAttack "
        "sees a growing random sample of what PGD-20 leaves, until half the width of the 95 % interval is within it. "
        "Covered: the interval holds the accuracy on all images."
    )
    rows = [
        [
            f"{100 * row['tolerance']:g} points",
            f"{row['covered']} of {row['repeats']}",
            f"{row['drawn']:,.0f}",
            f"{row['drawn'] / stored['images']:.1%}",
            f"{row['most_drawn']:,}",
            f"{100 * row['error']:.2f} points",
        ]
        for row in results.find(what="repeats")
    ]
    header = ["tolerance", "covered", "images under AutoAttack, median", "of all", "most", "mean error"]
    return "\n".join(["## Evaluations that end early\n", text, machine_line(results.machine), table(header, rows)])
