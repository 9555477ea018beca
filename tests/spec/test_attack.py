import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import InvalidInput

from .refusals import checked, refusal
from .strategies import ATTACKS


@pytest.mark.parametrize(
    ("text", "attack"),
    [
        ("clean", AttackName("clean")),
        ("autoattack", AttackName("autoattack")),
        ("pgd-20", AttackName("pgd", steps=20)),
        ("cw-40", AttackName("cw", steps=40)),
        ("torchattacks:MIFGSM", AttackName("torchattacks", peer="MIFGSM")),
    ],
)
def test_an_attack_is_read_from_its_name(text, attack):
    assert AttackName.parse(text) == attack


@given(ATTACKS)
def test_an_attack_written_out_reads_back_equal(attack):
    assert AttackName.parse(str(attack)) == attack


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pgd-2O", "an attack must be one of clean, .*, got 'pgd-2O' .did you mean 'pgd-20'"),
        ("auto-attack", "got 'auto-attack' .did you mean 'autoattack'"),
        ("PGD-20", "got 'PGD-20'"),
        ("pgd-0", "got 'pgd-0'"),
        ("pgd-020", "got 'pgd-020'"),
        ("pgd-٢٠", "got 'pgd-٢٠'"),
        ("fgsm-3", "got 'fgsm-3' .did you mean 'fgsm'"),
        ("torchattacks:", "got 'torchattacks:' .did you mean 'torchattacks:NAME'"),
        ("torchattacks:os.system", "got 'torchattacks:os.system'"),
        ("pgd", "an attack pgd must name its steps, such as pgd-20, got 'pgd'"),
        ("cw", "an attack cw must name its steps, such as cw-20, got 'cw'"),
        ("", "got ''"),
        ("clean\n", r"got 'clean\\n'"),
    ],
)
def test_an_unknown_attack_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        AttackName.parse(text)
    checked(caught.value)


@given(st.text() | st.from_regex(r"(pgd|cw|fgsm|torchattacks)[-:]\w*"))
def test_any_text_is_an_attack_that_is_written_as_it_came_or_is_refused(text):
    try:
        assert str(AttackName.parse(text)) == text
    except InvalidInput:
        assert repr(text)[:70] in refusal(AttackName.parse, text)
