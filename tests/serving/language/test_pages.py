from datetime import date

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined

from features.texts import Text, say
from serving.language.language import ENGLISH, Language
from serving.language.pages import add_languages

GERMAN = Language(
    "de",
    {
        "Age": ("Alter",),
        "95%% of %(who)s, %(n)s": ("%(n)s: 95\N{NO-BREAK SPACE}%% von %(who)s",),
        "%(num)s dot": ("%(num)s Punkt", "%(num)s Punkte"),
    },
)


def write(template, language=GERMAN, **values):
    environment = Environment(
        loader=DictLoader({"page": template}), autoescape=True, undefined=StrictUndefined
    )
    return add_languages(environment).get_template("page").render(language=language, **values)


def test_a_sentence_has_its_values_escaped_and_as_the_language_writes_them():
    template = '{{ _("95%% of %(who)s, %(n)s", who=who, n=n) }}'
    assert write(template, who="<b>", n=0.5) == "0,5: 95\N{NO-BREAK SPACE}% von &lt;b&gt;"
    assert write(template, ENGLISH, who=say("Age"), n=2) == "95% of Age, 2"


def test_the_tag_does_the_same():
    template = "{% trans who=who, n=n %}95% of {{ who }}, {{ n }}{% endtrans %}"
    assert write(template, who=say("Age"), n=1.5) == "1,5: 95\N{NO-BREAK SPACE}% von Alter"


def test_a_sentence_may_count():
    template = '{{ ngettext("%(num)s dot", "%(num)s dots", n) }}'
    assert [write(template, n=n) for n in (1, 2)] == ["1 Punkt", "2 Punkte"]
    assert [write(template, ENGLISH, n=n) for n in (1, 2)] == ["1 dot", "2 dots"]


def test_texts_that_are_handed_in_are_said_of_themselves():
    assert write('{{ x }}<i title="{{ x }}">{{ y }}', x=say("Age"), y="<Age>") == (
        'Alter<i title="Alter">&lt;Age&gt;'
    )


def test_filters():
    template = "{{ x | capital }} {{ (x | told)[:2] }} {{ x | mark }} {{ n | written('.1f') }} "
    template += "{{ d | day }}"
    told = write(template, x=Text("age"), n=1, d=date(2026, 3, 1))
    assert told == 'Age ag <span lang="en">age</span> 1,0 1. März 2026'


def test_a_page_without_a_language_does_not_turn_english_of_itself():
    environment = add_languages(Environment(loader=DictLoader({"page": '{{ _("Age") }}'})))
    with pytest.raises(KeyError, match="language"):
        environment.get_template("page").render()
