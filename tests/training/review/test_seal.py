"""A folder is served as approved only where it is what two people approved and signed."""

import json
import shutil
from dataclasses import asdict, replace

import pytest

from features.errors import KetresponseError, Refused
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.review_cards import change_card, put_card
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND, failing, make_case
from training.approval.approval import make_annex
from training.card.card import read_card
from training.review.seal import ANNEX, check_approval, compute_digests, read_annex, write_annex
from training.review.signature import make_public_key, sign
from training.store.artifact import read_facts, save_model
from training.store.code_digest import compute_code_digest
from training.store.statuses import SILENT_APPROVAL

KEY = b"k" * 32


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder that two people have approved, sealed with KEY, and its public key."""
    folder = tmp_path_factory.mktemp("made") / "model"
    save_model(folder, make_model(), make_facts(synthetic=False, status="research"))
    facts, digest = read_facts(folder)
    put_card(folder, facts, digest)
    digests = compute_digests(facts, digest, read_card(folder).sha256)
    steps = (("open", AUTHOR), ("approve", FIRST, digests), ("approve", SECOND, digests))
    case = make_case(("open", AUTHOR, digests), *steps[1:], digests=digests, gates=failing(11))
    annex = make_annex(replace(case, deployable=False))
    write_annex(folder, annex, sign(annex, KEY))
    public = folder.parent / "review.pub"
    public.write_text(make_public_key(KEY))
    return folder, public


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "model")


@pytest.fixture
def environ(made):
    return {"KETRESPONSE_REVIEW_PUBLIC_KEY": str(made[1])}


def change(folder, **changes):
    """Change the annex as someone with an editor and KEY could."""
    annex = {**read_annex(folder), **changes}
    write_annex(folder, annex, sign(annex, KEY))


def test_digests_are_of_the_model_its_data_its_card_and_the_code(folder):
    facts, digest = read_facts(folder)
    assert asdict(compute_digests(facts, digest, "c")) == {
        "model": digest,
        "data": facts.cohort_sha256,
        "card": "c",
        "code": compute_code_digest(),
    }


def test_a_sealed_folder_tells_what_it_was_approved_for(folder, environ):
    # The data were not enough by the training itself.
    assert check_approval(folder, SILENT_APPROVAL, environ=environ) == ()
    with pytest.raises(Refused, match="its files call it approved: release it again"):
        check_approval(folder, "approved", environ=environ)
    change(folder, scope="the use that its card names")
    assert check_approval(folder, "approved", environ=environ) == ()
    with pytest.raises(Refused, match="it is approved, and its files call it approved for silent"):
        check_approval(folder, SILENT_APPROVAL, environ=environ)


def test_what_was_waived_is_told(folder, environ):
    said = {"gate": 9, "name": "Berta", "account": "berta", "at": "2026-11-02", "comment": "why"}
    change(folder, waivers=[said])
    (told,) = check_approval(folder, SILENT_APPROVAL, environ=environ)
    assert told == "Gate 9 waived by Berta on 2026-11-02: why"


def test_a_gate_of_the_card_that_nobody_waived_as_asked_today_is_not_served(folder, environ):
    put_card(folder, *read_facts(folder), external=False)
    said = {"gate": 9, "name": "Berta", "account": "berta", "at": "2026-11-02", "comment": "ok"}
    change(folder, waivers=[said])
    with pytest.raises(Refused, match="its waiver does not count: its reason has 2 characters"):
        check_approval(folder, SILENT_APPROVAL, environ=environ)


def test_what_is_not_called_approved_needs_no_approval(tmp_path):
    assert check_approval(tmp_path / "nowhere", "research", environ={}) == ()


def test_every_reason_is_listed(folder, environ):
    change_card(folder)
    annex = read_annex(folder)
    write_annex(folder, {**annex, "approvals": annex["approvals"][:1]}, sign(annex, KEY))
    with pytest.raises(Refused) as caught:
        check_approval(folder, SILENT_APPROVAL, environ=environ)
    told = str(caught.value).splitlines()
    assert told[0] == "this model is not served as approved:"
    assert len(told) == 4
    for words in ("fewer than 2 people", "the card is not the one", "not signed with"):
        assert any(words in line for line in told)


def test_a_folder_without_a_record_is_not_served(folder, environ):
    (folder / ANNEX).unlink()
    assert read_annex(folder) is None
    with pytest.raises(Refused, match="there is no record of a review"):
        check_approval(folder, "approved", environ=environ)


@pytest.mark.parametrize("lost", ["annex", "signature"])
def test_half_a_record_is_damaged(folder, lost):
    document = json.loads((folder / ANNEX).read_text())
    del document[lost]
    (folder / ANNEX).write_text(json.dumps(document))
    with pytest.raises(KetresponseError, match="is damaged"):
        read_annex(folder)


@pytest.mark.parametrize("key", ["standing", "scope", "digests", "approvals", "waivers", "history"])
def test_a_record_without_one_of_its_parts_is_damaged(folder, key):
    annex = {name: value for name, value in read_annex(folder).items() if name != key}
    write_annex(folder, annex, sign(annex, KEY))
    with pytest.raises(KetresponseError, match="is damaged"):
        read_annex(folder)
