from datetime import date

import pytest

from features.texts import Text, say, say_count, say_list
from serving.language.language import ENGLISH, LANGUAGES, Language, find_language, keep_language

MESSAGES = {
    "Age": ("Alter",),
    "{label}: {value:.1f} <of> {left}": ("{left}, {label}: {value:.1f}",),
    "{count} patient": ("{count} Patient", "{count} Patienten"),
}
GERMAN = Language("de", MESSAGES)


def scope(query=b"", accepted=b""):
    return {"type": "http", "query_string": query, "headers": [(b"accept-language", accepted)]}


def test_a_text_is_said_with_all_that_is_in_it():
    left = say_count("{count} patient", "{count} patients", 1200)
    text = say("{label}: {value:.1f} <of> {left}", label=say("Age"), value=1234.56, left=left)
    assert text == "Age: 1234.6 <of> 1200 patients"
    assert ENGLISH.tell(text) == text
    assert GERMAN.tell(text) == "1200 Patienten, Alter: 1234,6"


def test_one_is_counted_as_one_and_others_are_not():
    told = [GERMAN.tell(say_count("{count} patient", "{count} patients", n)) for n in (0, 1, 2)]
    assert told == ["0 Patienten", "1 Patient", "2 Patienten"]


def test_what_is_no_text_stays_as_it_is():
    assert GERMAN.tell(["Age", 0.5, None, True, {"Age": "Age"}]) == [
        "Age", 0.5, None, True, {"Age": "Age"},
    ]  # fmt: skip
    # Nor is a value that was sent taken for a word of ours.
    assert GERMAN.tell(say("{got} came", got="Age")) == "Age came"


def test_braces_of_a_text_without_values_are_braces():
    assert GERMAN.tell(Text("of {1, 2}")) == "of {1, 2}"


def test_a_list_is_said_part_by_part():
    assert GERMAN.tell(say_list([say("Age"), "{x}"], " {} ")) == "Alter {} {x}"


def test_a_study_says_what_it_has_said_itself():
    own = GERMAN.with_texts({"de": {"adults {of} a cohort": "Erwachsene"}, "nl": {"Age": "Jaren"}})
    text = say(
        "{label}: {value:.1f} <of> {left}", label=Text("adults {of} a cohort"), value=1, left=""
    )
    assert own.tell(text) == ", Erwachsene: 1,0"
    assert GERMAN.tell(text) == ", adults {of} a cohort: 1,0"


def test_what_is_left_in_english_is_marked_and_all_is_escaped():
    text = say("{label}: {value:.1f} <of> {left}", label=Text("1 < 2 days"), value=1, left="<b>")
    marked = GERMAN.mark(text)
    assert marked == '&lt;b&gt;, <span lang="en">1 &lt; 2 days</span>: 1,0'
    assert ENGLISH.mark(text) == "1 &lt; 2 days: 1.0 &lt;of&gt; &lt;b&gt;"
    # Where there is nothing to translate, nothing is marked.
    assert GERMAN.mark(say_list(["1", say("Age")])) == "1, Alter"
    assert GERMAN.mark("<i>") == "&lt;i&gt;"
    assert not GERMAN.knows(say("Sex")) and GERMAN.knows(say("Age"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ["1,234.5", "86%", "-0.5", "30 January 2026"]),
        ("nl", ["1.234,5", "86%", "-0,5", "30 januari 2026"]),
        ("de", ["1.234,5", "86\N{NO-BREAK SPACE}%", "-0,5", "30. Januar 2026"]),
    ],
)
def test_numbers_and_days_are_written_as_the_language_does(code, expected):
    language = LANGUAGES[code]
    numbers = [language.number(1234.5, ",.1f"), language.number(0.861, ".0%")]
    assert [*numbers, language.number(-0.5), language.date(date(2026, 1, 30))] == expected
    assert language.tell(say("{day}", day=date(2026, 1, 30))) == (
        "2026-01-30" if code == "en" else expected[3]
    )


@pytest.mark.parametrize(
    ("query", "accepted", "code"),
    [
        (b"", b"", "en"),
        (b"", b"de-CH,de;q=0.9,en;q=0.8", "de"),
        (b"", b"en;q=0.2, NL;q=0.5", "nl"),
        (b"", b"de;q=0,nl;q=0.1", "nl"),
        (b"", b"fr,*;q=0.1", "en"),
        (b"", b"zz-\xff;q=x,,;,nl", "nl"),
        (b"lang=de", b"nl", "de"),
        (b"lang=fr", b"nl", "nl"),
        (b"lang=en&lang=nl", b"de", "nl"),
        (b"language=nl", b"", "en"),
    ],
)
def test_the_address_goes_before_the_browser(query, accepted, code):
    assert find_language(scope(query, accepted)) is LANGUAGES[code]


def test_a_language_that_is_not_spoken_is_not_asked_for():
    told = [keep_language(scope(query)) for query in (b"lang=nl", b"lang=fr", b"")]
    assert told == ["?lang=nl", "", ""]


def test_an_answer_says_its_language():
    assert LANGUAGES["nl"].headers == {"Content-Language": "nl", "Vary": "Accept-Language"}
    assert [language.name for language in LANGUAGES.values()] == [
        "English",
        "Nederlands",
        "Deutsch",
    ]
