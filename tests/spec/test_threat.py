from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

from .refusals import checked
from .strategies import THREATS


@pytest.mark.parametrize(
    ("text", "norm", "radius"),
    [
        ("linf@8/255", "linf", Fraction(8, 255)),
        ("8/255", "linf", Fraction(8, 255)),
        (" linf@0.2 ", "linf", Fraction(1, 5)),
        ("linf@1", "linf", Fraction(1)),
        ("l2@0.5", "l2", Fraction(1, 2)),
        ("l2@8", "l2", Fraction(8)),
    ],
)
def test_a_threat_is_read_as_a_norm_and_an_exact_radius(text, norm, radius):
    assert ThreatModel.parse(text) == ThreatModel(norm, radius)


@pytest.mark.parametrize(("text", "written"), [("linf@16/510", "linf@8/255"), ("0.2", "linf@1/5"), ("l2@2.0", "l2@2")])
def test_a_threat_is_written_in_lowest_terms(text, written):
    assert str(ThreatModel.parse(text)) == written


@given(THREATS)
def test_a_threat_written_out_reads_back_equal(threat):
    assert ThreatModel.parse(str(threat)) == threat


@given(st.from_regex(r"0\.[0-9]{1,12}|[0-9]{1,9}\.[0-9]{1,12}|[0-9]{1,21}/[0-9]{1,21}", fullmatch=True))
def test_every_radius_that_is_taken_is_written_so_that_it_is_taken_again(radius):
    try:
        threat = ThreatModel.of("l2", radius)
    except InvalidInput as error:
        checked(error)
    else:
        assert ThreatModel.parse(str(threat)) == threat


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8", r"must be a fraction or decimal in \(0, 1\] such as 8/255, got '8'; write 8/255 if you mean pixel steps"),
        ("linf@255", "got '255'; write 255/255 if you mean pixel steps"),
        ("256", "got '256'$"),
        ("0", "got '0'$"),
        ("0/5", "got '0'$"),
        ("-1/255", "got '-1/255'$"),
        ("1/0", "got '1/0'$"),
        ("256/255", "got '256/255'$"),
        ("1.5", "got '3/2'$"),
        ("8 / 255", "got '8 / 255'$"),
        ("1e-2", "got '1e-2'$"),
        ("nan", "got 'nan'$"),
        ("", "got ''$"),
        ("²", "got '²'$"),
        ("٨", "got '٨'$"),
        ("9" * 5000, r"got '9+\.\.\.$"),
        ("8/255\n8/255", r"got '8/255\\n8/255'$"),
        ("l2@0", "must be above 0 such as 0.5, got '0'$"),
        ("l2@-1", "must be above 0 such as 0.5, got '-1'$"),
        ("linff@8/255", "the norm of a threat must be one of linf, l2, got 'linff' .did you mean 'linf'"),
        ("Linf@8/255", "the norm of a threat must be one of linf, l2, got 'Linf'"),
        ("@8/255", "the norm of a threat must be one of linf, l2, got ''"),
    ],
)
def test_a_malformed_threat_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        ThreatModel.parse(text)
    checked(caught.value)


@given(st.text())
def test_any_text_is_a_threat_or_is_refused(text):
    try:
        assert ThreatModel.parse(text).radius > 0
    except InvalidInput as error:
        checked(error)


@pytest.mark.parametrize(("text", "slug"), [("linf@1/5", "linf-1-5"), ("l2@0.5", "l2-1-2"), ("linf@1", "linf-1")])
def test_the_slug_of_a_threat_holds_what_an_alias_may(text, slug):
    assert ThreatModel.parse(text).slug == slug
