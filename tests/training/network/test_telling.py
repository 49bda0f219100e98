from __future__ import annotations

from dataclasses import replace

from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_signed
from tests.training.network.conftest import Walk
from training.network.answering import prepare_share
from training.network.leading import CombinedShares, combine_shares
from training.network.telling import (
    tell_after_check,
    tell_combined,
    tell_patients,
    tell_protocol,
    tell_share,
)


def test_a_protocol_is_told_with_its_limits_and_what_leaves(walked: Walk) -> None:
    lines = tell_protocol(walked.protocol)
    assert lines[0].startswith("crps-network (crps-network), signed by Rotterdam; SHA-256 ")
    text = "\n".join(lines)
    assert "opioid, antidepressant, anti_epileptic; straight, prior SD 0.125" in text
    assert "no count under 5; at most 0.33 parameters per patient; 5% of a number's spread" in text
    assert "gradients to 2, 3, 4, 5, 7 decimals by round, curvatures of the first 3" in text
    assert text.endswith(f"  5. {walked.protocol.round_words[-1]}")
    assert "NOT SIGNED" in tell_protocol(replace(walked.protocol, signed=False))[0]


def test_what_protects_nobody_is_told_loudly() -> None:
    public = make_signed(TEXT.replace("remaining = 0.05", "remaining = 0"))
    assert any("NO CHECK whether rows can be solved" in line for line in tell_protocol(public))
    noisy = make_signed(TEXT.replace("# noise", "noise"))
    assert any("noise for epsilon 3, delta 1e-06" in line for line in tell_protocol(noisy))


def test_a_centre_reads_what_it_has(walked: Walk) -> None:
    patients = walked.patients["basel"]
    lines = tell_patients(patients, walked.protocol)
    known = int((patients.data.y["t1"] == patients.data.y["t1"]).sum())
    assert lines[0] == "60 courses, 60 of them eligible."
    assert lines[1].startswith(f"T1: outcome known of {known}, ")
    assert "Without a value: nrs_t0 " in lines[3]
    assert "Some patients are simulated: what comes of it is a demonstration." in lines


def test_an_outcome_that_a_file_has_no_column_for_is_named(walked: Walk) -> None:
    patients = walked.patients["basel"]
    table = patients.cohort.table.drop(columns="success_t1", errors="ignore")
    without = replace(patients, cohort=replace(patients.cohort, table=table))
    lines = tell_patients(without, walked.protocol)
    assert lines[1].endswith("; no column success_t1, which the rule takes too.")
    table["success_t1"] = 1.0
    assert tell_patients(without, walked.protocol)[1].endswith(" responders.")


def test_patients_of_another_centre_are_named(walked: Walk) -> None:
    patients = walked.patients["basel"]
    table = patients.cohort.table.assign(site="basel")

    def tell(table, centre=""):
        moved = replace(patients, cohort=replace(patients.cohort, table=table))
        return [s for s in tell_patients(moved, walked.protocol, centre) if "counts twice" in s]

    assert tell(table) == tell(table, "basel") == []
    assert "60 of basel" in tell(table, "aachen")[0]
    table.loc[:2, "site"] = "Aachen"
    assert "3 of aachen" in tell(table, "basel")[0]
    assert "57 of basel" in tell(table)[0] and "3 of aachen" in tell(table)[0]


def test_what_a_share_tells_is_told(walked: Walk) -> None:
    share = prepare_share(walked.protocol, KEYS["basel"], walked.patients["basel"], round_=1)
    assert tell_share(share.content)[0].startswith(
        "response: sums over 58 patients in 6 parameters"
    )
    outcomes = dict(share.content.outcomes)
    withheld = {"likelihood": None, "withheld": "too few of them"}
    outcomes["response"] = outcomes["response"].model_copy(update=withheld)
    silent = {"likelihood": None, "withheld": ""}
    outcomes["kept"] = outcomes["kept"].model_copy(update=silent)
    content = share.content.model_copy(
        update={"outcomes": outcomes, "noise": "noise of some cost.", "remarks": ["a remark"]}
    )
    assert tell_share(content) == [
        "response: no sums leave; too few of them.",
        "kept: nothing was asked of this centre.",
        "Noise of some cost.",
        "A remark.",
    ]


def test_the_next_step_is_told_as_it_is_typed(walked: Walk) -> None:
    agreed = walked.protocol
    assert tell_after_check(agreed, "x.toml", "--cohort a.csv")[1] == (
        "  ketresponse network share --round 1 --key KEY --cohort a.csv --protocol x.toml"
    )
    assert "fewer than two centres" in tell_after_check(agreed, "x.toml", "--cohort a.csv")[2]
    assert len(tell_after_check(agreed, "x.toml")) == 2
    unsigned = replace(agreed, signed=False)
    told = tell_after_check(unsigned, "x.toml", "--cohort a.csv")
    assert "can still be agreed on otherwise" in told[0]
    assert told[1] == "  ketresponse network protocol x.toml --key LEAD_KEY"
    assert tell_after_check(unsigned, "x.toml")[0] == "Next: the lead signs it."


def test_centres_that_are_missing_for_one_reason_are_told_together(walked: Walk) -> None:
    told = CombinedShares(
        3, ("aachen",), {"basel": "no share of round 2", "bonn": "no share of round 2"}
    )
    assert tell_combined(told, walked.protocol)[1:] == [
        "Not part of it: basel, bonn, no share of round 2."
    ]


def test_the_lead_reads_who_took_part_and_what_came_of_it(walked: Walk) -> None:
    shares = {name: data for name, data in walked.shares.items() if name != "basel_round_2.json"}
    told = combine_shares(walked.protocol, LEAD, shares, rounds=walked.rounds, finish=True)
    lines = tell_combined(told, walked.protocol)
    assert lines[:2] == [
        "Round 2 of 5: shares of rotterdam, aachen.",
        "Not part of it: basel, no share of round 2.",
    ]
    assert lines[2].startswith("response: ") and " patients of 2 centres, " in lines[2]
    mixed = replace(told, programs={"rotterdam": "0.1.0", "aachen": "0.2.0"})
    assert tell_combined(mixed, walked.protocol)[2] == (
        "Shares were written by different versions of the program: rotterdam 0.1.0, aachen 0.2.0."
    )
