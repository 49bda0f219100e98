from __future__ import annotations

import asyncio
import re
from datetime import date
from html.parser import HTMLParser

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.estimate.silence import withhold
from serving.web.answers import answer
from serving.web.page import PageContent, render_page
from serving.web.result import count_of_hundred
from tests.serving.helpers.models import DEFAULT, ELIGIBLE, PATIENT, make_loaded

FORM = {name: str(value) for name, value in PATIENT.items()}


def show(predictor, fields):
    """Render the page as a posted form gets it."""
    try:
        found = predictor.predict(fields, request_id="r" * 32)
    except RequestError as err:
        return render_page(predictor, PageContent(fields=fields, problems=err.problems))
    return render_page(predictor, PageContent(fields=fields, found=found))


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)).replace("&#39;", "'")


class Elements(HTMLParser):
    """All start tags of a page."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.open = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "br", "circle", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("circle", "line", "rect"):
            assert self.open.pop() == tag

    def all(self, *tags):
        return [attrs for tag, attrs in self.found if tag in tags]


def test_the_form_asks_for_scope_and_predictors(predictor):
    elements = Elements(render_page(predictor))
    asked = {attrs["name"] for attrs in elements.all("input", "select")}
    assert {*ELIGIBLE, *DEFAULT} <= asked
    # Beside them only what makes classes, or tells whether the evidence fits.
    assert asked - {*ELIGIBLE, *DEFAULT} == {"medication_atc", "strong_opioid", "crps_type"}


def test_every_field_has_a_label_and_its_help_is_there(predictor):
    elements = Elements(show(predictor, {**FORM, "nrs_t0": "11", "sex": "x"}))
    ids = [attrs["id"] for _, attrs in elements.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = {attrs.get("for") for attrs in elements.all("label")}
    for attrs in elements.all("input", "select"):
        assert attrs.get("type") == "radio" or attrs["id"] in labelled
    for _, attrs in elements.found:
        for target in attrs.get("aria-describedby", "").split():
            assert target in ids
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in ids


@pytest.mark.parametrize("fields", [{}, FORM, {**FORM, "nrs_t0": "11"}, {**FORM, "age_years": "3"}])
def test_a_page_is_well_formed_and_takes_nothing_from_outside(predictor, fields):
    html = show(predictor, fields)
    elements = Elements(html)
    assert elements.open == []
    assert elements.all("script") == [{"src": "clinic.js", "defer": None}]
    assert not elements.all("iframe", "object")
    for tag, attrs in elements.found:
        assert "style" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        for name in ("href", "src", "action"):
            assert not re.match(r"(?i)([a-z]+:)?//|[a-z]+:", attrs.get(name, "")), (tag, attrs)


def test_the_estimate_stands_in_plain_words(predictor):
    found = predictor.predict(FORM, request_id="r")
    text = text_of(show(predictor, FORM))
    for estimate in found["estimates"]:
        percent = round(100 * estimate["probability"])
        low, high = (round(100 * limit) for limit in estimate["interval"])
        assert f"about {percent} of 100, 95% interval {low} to {high}" in text
        assert f"{100 * estimate['explanation']['base']:.1f}" in text
        for row in estimate["explanation"]["contributions"]:
            assert f"{100 * row['contribution']:+.1f}".replace("-", "−") in text
    first = round(100 * found["estimates"][0]["probability"])
    low, high = (round(100 * limit) for limit in found["estimates"][0]["interval"])
    assert f"Of 100 patients like this one, about {first} responded." in text
    assert "Learnt from 470 patients, 282 of whom responded" in text
    assert f"anywhere between {low} and {high} of 100 (95% interval)" in text
    assert "60 of 100 (282 of 470)" in text
    assert "62 of 100. Counted otherwise" in text
    assert "29 of 47, Mangnus 2021" in text
    assert "Pain before treatment (NRS) 8 points" in text
    for jargon in ("SHAP", "Shapley", "logit", "posterior", "nan", "None", "s_ketamine"):
        assert jargon not in text


def test_contributions_are_sorted_by_size_and_drawn_to_one_scale(predictor):
    found = predictor.predict(FORM, request_id="r")
    sizes = [
        abs(c["contribution"])
        for e in found["estimates"]
        for c in e["explanation"]["contributions"]
    ]
    html = show(predictor, FORM)
    widths = [float(a["width"]) for a in Elements(html).all("rect") if a["class"] in ("up", "down")]
    assert widths == pytest.approx(
        [50 * s / max(sizes) for half in (sizes[:5], sizes[5:]) for s in sorted(half)[::-1]],
        abs=0.006,
    )
    drawn = [a["class"] for a in Elements(html).all("rect") if a["class"] in ("up", "down")]
    assert drawn.count("down") == sum(
        c["contribution"] < 0 for e in found["estimates"] for c in e["explanation"]["contributions"]
    )


def test_as_many_dots_are_filled_as_patients_respond(predictor):
    found = predictor.predict(FORM, request_id="r")
    filled = [a for a in Elements(show(predictor, FORM)).all("circle") if a["class"] == "yes"]
    # On the page and on the patient's sheet, both the same.
    assert len(filled) == 2 * round(100 * found["estimates"][0]["probability"])


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "fewer than 1"),
        (0.0049, "fewer than 1"),
        (0.006, "about 1"),
        (0.58, "about 58"),
        (0.994, "about 99"),
        (0.996, "more than 99"),
        (1.0, "more than 99"),
    ],
)
def test_no_estimate_is_told_as_certainty(probability, words):
    assert count_of_hundred(probability) == words


WORDS = [
    "not the benefit over placebo",
    "fallen by 1.4 points with placebo and by 4.5",
    "282 of 470",
    "180 of 400",
    "nothing about harm",
    "no clearance",
    "Liver enzymes",
    "psychosis",
    "no ground to refuse treatment",
    "associations",
    "not causes",
    "about 4 weeks later",
    "therapy-resistant CRPS",
    "low-dose intravenous S-ketamine",
]


@pytest.mark.parametrize("fields", [{}, FORM, {**FORM, "nrs_t0": "11"}, {**FORM, "age_years": "3"}])
def test_the_standing_words_are_on_every_page(predictor, fields):
    text = text_of(show(predictor, fields))
    assert "Demonstration: this model was made from simulated patients" in text
    for words in WORDS:
        assert words in text


def test_a_research_model_is_stamped():
    predictor = Predictor(make_loaded(facts={"status": "research", "synthetic": False}))
    html = render_page(predictor)
    assert 'class="stamp stamp-research"' in html
    assert "Research use only" in html


def test_a_decimal_comma_is_read_as_a_point(predictor):
    comma, point = (text_of(show(predictor, {**FORM, "nrs_t0": text})) for text in ("8,5", "8.5"))
    assert "responded." in comma
    assert comma == point


def test_problems_stand_beside_their_fields_and_nothing_is_lost(predictor):
    html = show(predictor, {**FORM, "nrs_t0": "1,500", "disease_duration_years": "40", "pain": "3"})
    text = text_of(html)
    assert "No estimate yet" in text
    assert "got '1,500'. Write it without separators of thousands" in text
    assert 'id="problem-nrs_t0"' in html
    assert 'value="1,500"' in html
    assert 'value="40"' in html
    assert "responded." not in text
    assert "pain Expected a name of the dictionary" in text


def test_a_patient_out_of_scope_sees_why(predictor):
    text = text_of(show(predictor, {**FORM, "age_years": "3", "setting": "emergency"}))
    assert "Age must be at least 18 years." in text
    assert "Admission must be elective." in text
    assert "responded." not in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nrs_t0": "1"}, "Pain before treatment (NRS) has to be at least 2 points"),
        (dict.fromkeys(DEFAULT, ""), "at least 3 have to be known; here it is none"),
    ],
)
def test_a_number_that_cannot_be_is_not_shown_and_why(predictor, change, said):
    text = text_of(show(predictor, {**FORM, **change}))
    assert "No estimate: " in text
    assert said in text
    assert "says nothing on whether the treatment would help" in text
    assert "responded." not in text


def test_what_was_chosen_stays_chosen(predictor):
    elements = Elements(show(predictor, FORM))
    checked = {a["name"]: a["value"] for a in elements.all("input") if "checked" in a}
    assert checked["opioid"] == "yes"
    assert checked["sex"] == "female"
    selected = [a["value"] for a in elements.all("option") if "selected" in a]
    assert selected == ["s_ketamine", "intravenous", "none"]


def test_nothing_is_chosen_beforehand(predictor):
    elements = Elements(render_page(predictor))
    assert all(a["value"] == "" for a in elements.all("input") if "checked" in a)
    assert not [a for a in elements.all("option") if "selected" in a]


def test_everything_is_escaped():
    evil = "<script>alert('x')</script>"
    own = declare_variable(
        "own",
        {
            "kind": "category",
            "known_at": "baseline",
            "categories": [evil, "b"],
            "label": evil,
            "hint": evil,
        },
    )
    dictionary = CONTRACT.with_variables([own])
    predictor = Predictor(
        make_loaded(
            predictors=("nrs_t0", "own"),
            dictionary=dictionary,
            facts={"population": evil, "treatment": evil, "name": evil, "notes": [evil]},
        )
    )
    pages = [
        render_page(predictor),
        show(predictor, {**ELIGIBLE, "nrs_t0": evil, "own": evil, evil: evil}),
        show(predictor, {**ELIGIBLE, "nrs_t0": "4", "own": evil}),
    ]
    for html in pages:
        assert html.count("<script") == 1
        assert "alert('x')" not in html
        assert "&lt;script&gt;" in html


def test_a_constant_model_says_that_nothing_moved_the_number():
    predictor = Predictor(make_loaded(constant=True))
    text = text_of(show(predictor, FORM))
    assert "Nothing. This model gives every patient the same number" in text
    assert "about 61 responded" in text


@pytest.mark.parametrize("horizons", [("t1",), ("t2",)])
def test_a_model_of_one_horizon_shows_one_estimate(horizons):
    predictor = Predictor(make_loaded(horizons=horizons))
    html = show(predictor, FORM)
    assert html.count('class="card estimate"') == 1
    assert 'class="other"' not in html
    assert ("after discharge, typically about 4 weeks" in text_of(html)) is (horizons == ("t2",))


def test_a_rate_corrected_for_those_not_seen_is_not_shown_as_a_plain_share():
    predictor = Predictor(make_loaded(facts={"base_rates": {"t1": 0.6, "t2": 0.5}}))
    text = text_of(show(predictor, FORM))
    assert "50 of 100 (180 of 400 known, corrected for those not seen again)" in text


def test_the_clinics_horizon_comes_first_and_the_other_beside_it(predictor):
    found = predictor.predict(FORM, request_id="r")
    content = PageContent(fields=FORM, found=found)
    early, late = (round(100 * e["probability"]) for e in found["estimates"])
    html = {first: text_of(render_page(predictor, content, first=first)) for first in ("", "t2")}
    assert f"Of 100 patients like this one, about {early} responded" in html[""]
    assert f"about {late} of 100 (" in html[""]
    assert f"Of 100 patients like this one, about {late} responded" in html["t2"]
    assert f"about {early} of 100 (" in html["t2"]


@pytest.mark.parametrize(
    ("interval", "base", "words"),
    [
        ([0.4, 0.7], 0.6, "nobody can tell whether patients like this one do better or worse"),
        ([0.61, 0.7], 0.6, "of patients like this one more"),
        ([0.4, 0.59], 0.6, "of patients like this one fewer"),
    ],
)
def test_a_difference_within_the_interval_is_none(predictor, interval, base, words):
    found = predictor.predict(FORM, request_id="r")
    found["estimates"][0] |= {"interval": interval, "base_rate": base, "probability": 0.5}
    if words.endswith("more"):
        found["estimates"][0]["probability"] = 0.65
    text = text_of(render_page(predictor, PageContent(fields=FORM, found=found)))
    assert words in text
    same = words.endswith("worse")
    assert ("Nobody can tell from this" in text) is same  # the sheet
    assert ("Whether that is better or worse cannot be told" in text) is same  # the letter


def test_what_stands_open_beside_a_number_is_short_and_lacks_no_word_that_must_stand(predictor):
    html = show(predictor, FORM)
    opened = text_of(html.partition('<details class="card"')[0])
    told = {
        "282 of 470": "Learnt from 470 patients, 282 of whom responded",
        "180 of 400": "Learnt from 400 patients, 180 of whom had it",
        "about 4 weeks later": "about 4 weeks after discharge at uneven intervals",
    }
    for words in WORDS:
        assert told.get(words, words) in opened, words
    assert "Demonstration: this model was made from simulated patients" in opened
    assert "doi" not in opened
    assert len(opened.split()) < 360


def test_of_many_notices_two_stand_open(predictor):
    html = show(predictor, {**FORM, "sex": "", "opioid": "", "setting": "", "drug": ""})
    beside = html.partition('class="noted"')[2].partition('class="meaning"')[0]
    shown, folded = beside.split("<details>")
    assert (shown.count("<li>"), folded.count("<li>")) == (2, 1)
    assert "Not given, and so not checked: Admission; Infusion drug." in shown  # as one
    assert "1 more" in folded


def test_the_print_holds_what_was_entered_when_by_which_model_and_its_number(predictor):
    fields = {**FORM, "medication_atc": "N02AX02", "patient_id": "P-77"}
    found = predictor.predict(FORM, request_id="r" * 32)
    html = render_page(
        predictor, PageContent(fields=fields, found=found), today=date(2026, 3, 1), records=True
    )
    paper = text_of(html.partition('class="paper card"')[2].partition('class="tools"')[0])
    for told in (
        "Duration of the pain disease3.5 years",
        "N02AX02 tramadol",
        "Infusion drugS-ketamine",
    ):
        assert told in paper
    assert (
        "1 March 2026; model demo-crps, version 3. Number of this estimate: rrrrrrrrrrrr." in paper
    )
    assert "P-77" not in paper


def test_the_patients_sheet_has_the_same_number_and_says_what_it_is_not(predictor):
    found = predictor.predict(FORM, request_id="r")
    percent = round(100 * found["estimates"][0]["probability"])
    sheet = text_of(show(predictor, FORM).partition('id="sheet"')[2])
    assert f"Of 100 people like you, about {percent} had a good result." in sheet
    assert f"{percent} of 100 dots filled" in show(predictor, FORM).partition('id="sheet"')[2]
    for words in (
        "Nobody can say whether you",
        "drip that has no medicine",
        "nothing about side effects",
        "no reason to say no",
        "Questions you can ask your doctor",
        "Demonstration:",
    ):
        assert words in sheet
    assert 'id="sheet"' not in show(predictor, {**FORM, "nrs_t0": "1"})


def test_a_failure_is_answered_and_logged_without_its_message(caplog):
    value = 7731 + 0.25

    async def fail():
        raise ValueError(f"could not read {value}")

    response = asyncio.run(answer(fail()))
    assert response.status_code == 500
    assert b"7731.25" not in response.body
    assert "7731.25" not in caplog.text
    assert "ValueError while answering" in caplog.text


SILENT = {"status": "approved for silent evaluation only", "synthetic": False}


def test_under_silent_evaluation_the_page_holds_no_number():
    silent, shown = (
        Predictor(make_loaded(facts=facts), waivers=["Gate 9 waived by Carl: why"])
        for facts in (SILENT, {**SILENT, "status": "approved"})
    )
    found = silent.predict(FORM, request_id="r" * 32)
    page, full = (render_page(p, PageContent(fields=FORM, found=found)) for p in (silent, shown))
    for estimate in found["estimates"]:
        number = f"about {100 * estimate['probability']:.0f}"
        assert number in full
        assert number not in page
    assert 'class="answer"' in full
    assert 'class="answer"' not in page
    assert "The estimate is not shown: silent evaluation" in text_of(page)
    assert "nothing is recorded" in text_of(page)  # as for the example
    told = text_of(render_page(silent, PageContent(fields=FORM, found=withhold(silent, found))))
    assert "The estimate was computed and recorded for evaluation" in told
    assert f"Report later under this number how the patient did: {'r' * 12}" in told
    assert "No estimate is shown here" in text_of(render_page(silent))
    for html in (page, full, render_page(silent)):
        above = html.partition("<main>")[0]
        assert above.count("Gate 9 waived by Carl: why") == 1
    outside = {**FORM, "age_years": "3"}
    page = render_page(
        silent, PageContent(fields=outside, found=silent.predict(outside, request_id="r"))
    )
    assert "No estimate: outside what this model knows" in text_of(page)
    assert "The estimate is not shown" not in text_of(page)


def test_the_page_tells_whether_what_is_entered_is_kept():
    predictor = Predictor(make_loaded())
    kept, gone = (render_page(predictor, records=records) for records in (True, False))
    assert "are recorded, encrypted" in text_of(kept)
    assert 'name="patient_id"' in kept
    assert "Nothing you enter is kept" in text_of(gone)
    assert 'name="patient_id"' not in gone


def test_why_there_is_no_estimate_now_is_told():
    html = render_page(
        Predictor(make_loaded()), PageContent(fields=FORM, unavailable="no estimate: it is full")
    )
    assert "No estimate now No estimate: it is full." in text_of(html)
    assert 'value="3.5"' in html
