"""What a data protection officer is told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.helpers.cards import full_author, small_card
from training.card.author import AUTHOR_FIELDS, empty_author
from training.card.gates import compute_gates
from training.card.pages.data_protection import make_data_protection_blocks
from training.card.schema import Body
from training.document.document import Bullets, Table

ASKED = [f.key for f in AUTHOR_FIELDS if f.key.startswith("data_protection.")]


def _rows(body: Body) -> dict[str, tuple[str, str]]:
    [table] = [block for block in make_data_protection_blocks(body) if isinstance(block, Table)]
    return {title: (answer, by) for title, answer, by in table.rows}


def test_what_an_officer_asks_is_answered_by_people_and_by_the_software() -> None:
    rows = _rows(small_card().body)
    author = full_author()
    for title, key in {
        "Controller": "controller",
        "Legal basis": "legal_basis",
        "Impact assessment (DPIA)": "impact_assessment",
        "How long it is kept": "retention",
        "Where, and encrypted how": "storage",
        "Who can see it": "access",
    }.items():
        assert rows[title] == (f"{author[f'data_protection.{key}']}.", "author")
    told, by = rows["Encrypted by the software"]
    assert told.startswith(
        "What is recorded of patients: inputs, answers and outcomes (AES-256-GCM)"
    )
    assert "Every other file only where its disk is." in told
    assert by == "software"
    stored, _ = rows["What is stored"]
    assert "no row, identifier or prediction of a patient" in stored
    assert "Every estimate that the service gives is recorded" in stored
    assert "a keyed hash of the pseudonym" in stored


@settings(max_examples=10)
@given(st.sets(st.sampled_from(ASKED)))
def test_a_question_without_an_answer_says_so_and_keeps_the_card_incomplete(left: set[str]) -> None:
    body = small_card(author=full_author() | dict.fromkeys(left, "")).body
    blocks = make_data_protection_blocks(body)
    warnings = [item for b in blocks if isinstance(b, Bullets) for item in b.items]
    told = [f"{len(left)} of 10 wait for an answer (gate 10)."] if left else []
    assert warnings == told
    answers = [answer for answer, _ in _rows(body).values()]
    assert answers.count("Not answered.") == len(left)
    complete = next(gate for gate in compute_gates(body) if gate.number == 10)
    assert (complete.status == "fail") == bool(left)


def _make_older(body: Body) -> Body:
    """Return a card as it was made before anybody was asked."""
    return body.model_copy(
        update={
            "author": {key: text for key, text in body.author.items() if key not in ASKED},
            "fields": [field for field in body.fields if field.place != "data_protection"],
        }
    )


def test_a_card_from_before_these_questions_says_so_and_keeps_its_gates() -> None:
    older = _make_older(small_card().body)
    [told] = make_data_protection_blocks(older)
    assert isinstance(told, Bullets) and told.items[0].startswith("Nobody was asked")
    assert next(gate for gate in compute_gates(older) if gate.number == 10).status == "pass"
    empty = _make_older(small_card(author=empty_author()).body)
    assert next(gate for gate in compute_gates(empty) if gate.number == 10).status == "fail"
