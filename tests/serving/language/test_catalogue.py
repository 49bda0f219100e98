from babel.messages.catalog import Catalog

from serving.language.catalogue import CATALOGUES, make_messages, read_catalogue
from serving.language.language import LANGUAGES


def test_there_is_a_catalogue_for_each_language_but_english():
    assert {path.stem for path in CATALOGUES.iterdir()} == set(LANGUAGES) - {"en"}


def test_the_catalogues_on_disk_are_those_that_are_spoken():
    for code in ("nl", "de"):
        assert LANGUAGES[code].messages == make_messages(read_catalogue(code))


def test_what_is_uncertain_or_empty_is_not_said():
    catalogue = Catalog(locale="de")
    catalogue.add("sure", "sicher")
    catalogue.add("doubtful", "zweifelhaft", flags=["fuzzy"])
    catalogue.add("empty", "")
    catalogue.add(("one", "many"), ("eins", ""))
    catalogue.add(("{count} day", "{count} days"), ("{count} Tag", "{count} Tage"))
    assert dict(make_messages(catalogue)) == {
        "sure": ("sicher",),
        "{count} day": ("{count} Tag", "{count} Tage"),
    }
