"""A card laid out once, for every form: sections of sentences, tables and pictures.

Nothing is computed here; each block shows part of the body, the gates or the annex.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.card_answers import list_rules
from training.card_blocks import Block, Bullets, Picture, Pictures, Section, make_grid
from training.card_fields import PLACES
from training.card_literature import compute_shares
from training.card_pictures import (
    draw_base_rates,
    draw_calibration,
    draw_decision,
    draw_importance,
)
from training.card_words import (
    HORIZON_WORDS,
    METRICS,
    find_metric,
    interval,
    is_done,
    number,
    percent,
)

__all__ = ["make_sections"]

Body = Mapping[str, Any]

_BOUNDED = {
    "share_of_responders": "share of responders",
    **{metric: label for metric, (label, _) in METRICS.items()},
}


def _horizons(body: Body) -> list[str]:
    return list(body["results"]["study"]["horizons"])


def _answers(body: Body, place: str, *, by: str = "author") -> Block:
    """Return what the author answered that belongs here, each answer once."""
    rows: dict[str, tuple[str, str]] = {}
    for field in body["fields"]:
        if field["place"] != place or field["by"] != by:
            continue
        answer = field["answer"] or "MISSING: the author has not answered"
        rows.setdefault(answer if field["answer"] else field["title"], (field["title"], answer))
    return make_grid("", ("question", "answer"), list(rows.values()))


def _use(body: Body) -> list[Block]:
    return [Bullets(tuple(body["statements"]), "warning"), _answers(body, "use")]


def _population(body: Body) -> list[Block]:
    results = body["results"]
    flow = [(row["step"], row["remaining"], row["excluded"], row["unknown_kept"])
            for row in results["flow"]]  # fmt: skip
    rates = []
    for horizon in _horizons(body):
        found = results["counts"][horizon]
        share = (
            f"{percent(found['base_rate'])} ({percent(found['low'])} to {percent(found['high'])})"
        )
        rates.append((horizon.upper(), f"{found['n']:.0f}", f"{found['events']:.0f}", share))
    return [
        f"{results['study']['population']}. Treatment: {results['study']['treatment']}.",
        "Whom the model is for: " + "; ".join(list_rules(results)) + ".",
        make_grid("Flow of patients", ("step", "left", "excluded", "of those left: not known"), flow,
              "The outcome steps are no exclusions: each horizon is fitted on those whose outcome "
              "is known."),
        make_grid("Numbers behind each horizon",
              ("horizon", "outcome known", "responders", "share of responders (95%)"), rates),
        _answers(body, "population"),
    ]  # fmt: skip


def _outcome(body: Body) -> list[Block]:
    results = body["results"]
    labels = results["labels"]
    rows = [
        (h.upper(), labels[h]["responders"], labels[h]["nonresponders"], labels[h]["unknown"],
         labels[h]["score"], labels[h]["wording"], labels[h]["both"])
        for h in _horizons(body)
    ]  # fmt: skip
    bounds = [
        (h.upper(), results["missing_outcomes"][h]["unknown"], _BOUNDED[row["metric"]],
         number(row["known"]), number(row["lowest"]), number(row["highest"]))
        for h in _horizons(body) for row in results["missing_outcomes"][h]["rows"]
    ]  # fmt: skip
    answers = {f["id"]: f["answer"] for f in body["fields"] if f["table"] == "ketresponse"}
    return [
        f"Responder: {results['study']['rule_text']}.",
        Bullets(tuple(f"{h.upper()}: {results['study']['outcomes'][h]}" for h in _horizons(body))),
        make_grid("What the labels rest on",
              ("horizon", "responders", "nonresponders", "unknown", "by score",
               "by wording alone", "by both"), rows),
        f"{answers['low_baseline']}. Labels from scores alone: {answers['score_labels']}.",
        make_grid("What unknown outcomes could change",
              ("horizon", "unknown", "result", "known outcomes", "lowest", "highest"), bounds,
              "Over everyone, whatever the unknown outcomes are and why they are missing."),
        _answers(body, "outcome"),
    ]  # fmt: skip


def _spread(predictor: Mapping[str, Any]) -> str:
    if "quartiles" in predictor:
        low, middle, high = (f"{value:g}" for value in predictor["quartiles"])
        return f"median {middle} (quartiles {low} to {high})"
    known = predictor["n"] - predictor["missing"]
    return ", ".join(
        f"{name} {count} ({percent(count / known)})"
        for name, count in predictor["shares"].items() if name != "no"
    )  # fmt: skip


def _predictors(body: Body) -> list[Block]:
    predictors = body["results"]["predictors"]
    rows = [
        (p["label"], p["expected"], _spread(p), f"{p['missing']} of {p['n']}",
         ", ".join(p["codes"]) or "–", p["source"] or "–")
        for p in predictors
    ]  # fmt: skip
    run = {f["id"]: f["answer"] for f in body["fields"] if f["table"] == "TRIPOD+AI"}
    return [
        "All are known before admission; nothing that is known only after the start of treatment "
        "may be a predictor.",
        make_grid("Predictors", ("predictor", "value", "in these patients", "missing", "codes",
                             "source"), rows),
        f"{run['11']}.", f"{run['12b'].capitalize()}.",
        _answers(body, "predictors"),
    ]  # fmt: skip


def _model(body: Body) -> list[Block]:
    rows = [
        (outcome, m["label"], number(m["weight"]), m["setting"] or "–", number(m["log_loss"], 3),
         "same risk for everyone" if m["constant"] else "")
        for outcome, blend in body["results"]["blend"].items() for m in blend["members"]
    ]  # fmt: skip
    run = {f["id"]: f["answer"] for f in body["fields"] if f["by"] == "run"}
    constant = [
        f"{outcome}: everyone gets the same probability"
        + (f" ({blend['reason']})" if blend["reason"] else "") + "."
        for outcome, blend in body["results"]["blend"].items() if blend["constant"]
    ]  # fmt: skip
    labels = {p["name"]: p["label"] for p in body["results"]["predictors"]}
    shares = {h: compute_shares(body["results"], h) for h in _horizons(body)}
    pictures = tuple(
        Picture(draw_importance(found, labels, h), f"What moves the estimate at {HORIZON_WORDS[h]}")
        for h, found in shares.items() if found
    )  # fmt: skip
    blocks: list[Block] = [
        f"{run['12g'].capitalize()}.",
        make_grid("Candidates and their weight in the blend",
              ("outcome", "candidate", "weight", "setting", "log loss held out", ""), rows),
    ]  # fmt: skip
    if constant:
        blocks.append(Bullets(tuple(constant), "warning"))
    if pictures:
        blocks.append(
            Pictures(
                pictures,
                "Share of the mean absolute Shapley contribution, over the background rows: "
                f"{run['background']}. It tells what the model uses, not what causes response.",
            )
        )
    return [*blocks, f"{run['12a'].capitalize()}. {run['13'].capitalize()}."]


def _performance(body: Body) -> list[Block]:
    results = body["results"]
    corrected = is_done(results["optimism"])
    head = ["measure", "held out (95%)"]
    head += ["apparent", "corrected for optimism (95%)"] if corrected else []
    blocks: list[Block] = []
    for horizon in _horizons(body):
        rows = []
        for metric, (label, reading) in METRICS.items():
            held_out = find_metric(results, "performance", horizon, metric)
            if held_out is None:
                continue
            row = find_metric(results, "optimism", horizon, metric)
            more = [number(row["apparent"]) if row else "–", interval(row, "corrected") if row
                    else "–"] if corrected else []  # fmt: skip
            note = f". {held_out['note']}" if held_out.get("note") else ""
            rows.append((label, interval(held_out), *more, reading + note))
        blocks.append(
            make_grid(f"Performance at {HORIZON_WORDS[horizon]}", (*head, "how to read it"), rows,
                  f"Held out: {results['performance'][horizon]['interval']}.")
        )  # fmt: skip
    sites = results["sites"]
    if is_done(sites):
        blocks.append(f"In other patients: {sites['text']}.")
    else:
        blocks.append(Bullets((f"{sites['reason'].capitalize()}.",), "warning"))
    return blocks


def _calibration(body: Body) -> list[Block]:
    found = body["results"]["calibration"]
    pictures = tuple(
        Picture(draw_calibration(found[h], h), f"Calibration at {HORIZON_WORDS[h]}")
        for h in _horizons(body)
    )
    return [
        Pictures(
            pictures,
            "On the diagonal, of 100 patients told 60% about 60 respond. Bands this wide forgive "
            "much: they cannot show that the model is calibrated, only that it is grossly wrong.",
        )
    ]


def _decision(body: Body) -> list[Block]:
    found = body["results"]["decision"]
    blocks: list[Block] = []
    pictures = tuple(
        Picture(draw_decision(found[h], h), f"Decision curve at {HORIZON_WORDS[h]}")
        for h in _horizons(body) if is_done(found[h])
    )  # fmt: skip
    if pictures:
        blocks.append(
            Pictures(
                pictures,
                "The model is of use where its line lies above both others. The threshold states "
                "what a decision is worth: at 25% one responder treated outweighs three courses "
                "without response.",
            )
        )
    else:
        part = found[_horizons(body)[0]]
        blocks.append(Bullets((f"No decision curve: {part['reason']}.",), "warning"))
    return [*blocks, "Whether its use changes what happens to patients has not been studied."]


def _stability(body: Body) -> list[Block]:
    results = body["results"]
    blocks: list[Block] = []
    if results["instability"]:
        rows = [
            (h.upper(), number(found["mean_absolute_prediction_error"], 3),
             number(found.get("p90_prediction_error"), 3), f"{found['n_resamples']:.0f}")
            for h, found in results["instability"].items()
        ]  # fmt: skip
        blocks.append(
            make_grid("How far a patient's estimate moves when the whole procedure is rerun on other "
                  "patients of the same kind",
                  ("horizon", "mean absolute error", "nine patients in ten: under", "reruns"), rows,
                  "0.10 is ten percentage points. Not a confidence interval.")
        )  # fmt: skip
        flips = [
            (h.upper(), percent(row["threshold"]), percent(row["classification_instability"]),
             percent(row["unstable_patients"]))
            for h, found in results["instability"].items()
            for row in found.get("classification") or []
        ]  # fmt: skip
        if flips:
            blocks.append(
                make_grid("Classification instability",
                      ("horizon", "threshold", "patients on the other side in a rerun",
                       "on the other side in over a fifth of reruns"), flips)
            )  # fmt: skip
    sizes = []
    for horizon, size in results["sample_size"].items():
        need = size["needed"]
        sizes.append(
            (horizon.upper(), size["n"], size["events"], size["parameters"],
             need["n"] if need else "–",
             max(need["n"] - size["n"], 0) if need else "–",
             number(size["expected_shrinkage"]))
        )  # fmt: skip
    blocks.append(
        make_grid("Sample size",
              ("horizon", "patients", "responders", "parameters", "needed", "short by",
               "expected shrinkage"), sizes,
              "Riley's criteria for a c-statistic of 0.70. An expected shrinkage of 0.9 is good; "
              "below 0.7 a model says more about these patients than about the next.")
    )  # fmt: skip
    return [*blocks, *_null_test(results["null_test"])]


def _null_test(null: Mapping[str, Any]) -> list[Block]:
    if not is_done(null):
        command = f" Run: {null['command']}." if null["command"] else ""
        return [Bullets((f"Null test: {null['reason']}.{command}",), "warning")]
    rows = [
        (row["horizon"].upper(), row["model"], number(row["auc"], 3), row["n_permutations"],
         row["verdict"])
        for row in null["rows"]
    ]  # fmt: skip
    return [
        make_grid("Null test: the procedure on outcomes dealt out at random",
              ("horizon", "model", "mean AUC", "permutations", "verdict"), rows,
              "0.5 is right: there is nothing to find. Away from it, held-out outcomes reach the "
              "fit.")
    ]  # fmt: skip


def _fairness(body: Body) -> list[Block]:
    found = body["results"]["subgroups"]
    if not is_done(found):
        blocks: list[Block] = [Bullets((f"Subgroups: {found['reason']}.",), "warning")]
    else:
        blocks = [
            make_grid(f"Subgroups at {HORIZON_WORDS[h]}",
                  ("subgroup", "patients", "responders", "AUC", "O:E", "note"),
                  [_subgroup_row(row) for row in found[h]],
                  "Under 10 responders or nonresponders nothing is estimated: it would be noise.")
            for h in _horizons(body)
        ]  # fmt: skip
    return [*blocks, _answers(body, "fairness")]


def _subgroup_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    def with_interval(name: str) -> str:
        if row.get(name) is None:
            return "not estimable"
        return interval(
            {"estimate": row[name], "low": row.get(f"{name}_low"), "high": row.get(f"{name}_high")}
        )

    label = ": ".join(str(row[key]) for key in ("variable", "subgroup") if row.get(key))
    return label, row["n"], row["events"], with_interval("auc"), with_interval("o_e"), row["note"]


def _literature(body: Body) -> list[Block]:
    if not body["base_rates"]:
        return ["The published rates and predictors held here are those of CRPS; this model is "
                "about another condition."]  # fmt: skip
    blocks: list[Block] = []
    if body["contradictions"]:
        blocks.append(Bullets(tuple(body["contradictions"]), "warning"))
    else:
        blocks.append("It does not rank by disease duration, depression or dose, of which the only "
                      "placebo-controlled trial found no effect.")  # fmt: skip
    rates = {h: [r for r in body["base_rates"] if r["horizon"] == h] for h in _horizons(body)}
    blocks.append(
        Pictures(
            tuple(
                Picture(draw_base_rates(rows, h), f"Share of responders at {HORIZON_WORDS[h]}")
                for h, rows in rates.items()
            ),
            "The pooled rates count relief of at least 30%, another outcome, in studies that mix "
            "drugs, doses and ages; they are context only.",
        )
    )
    notes = dict.fromkeys(f"{r['source'].split(',')[0]}: {r['note']}" for r in body["base_rates"]
                          if r["note"])  # fmt: skip
    used = [
        (k["matter"], k["finding"], k["strength"], k["source"] or "–",
         ", ".join(f"{h.upper()} {'not used' if s is None else percent(s)}"
                   for h, s in k["shares"].items()))
        for k in body["known_predictors"]
    ]  # fmt: skip
    return [
        *blocks, Bullets(tuple(notes)),
        make_grid("What is published on predictors, and what this model makes of them",
              ("predictor", "finding", "how far to trust it", "source",
               "share of what moves the estimate"), used,
              "No published study holds a validated predictor of response that is known before "
              "admission."),
    ]  # fmt: skip


def _limitations(body: Body) -> list[Block]:
    probast = next(f["answer"] for f in body["fields"] if f["id"] == "probast")
    return [Bullets(tuple(body["limitations"])), f"PROBAST+AI: {probast}."]


def _safety(body: Body) -> list[Block]:
    if not body["safety"]:
        return ["No published side effects are held for this treatment. The model says nothing "
                "about harm."]  # fmt: skip
    rows = []
    for fact in body["safety"]:
        placebo = (
            "–" if fact["placebo_n"] is None else f"{fact['placebo_events']} of {fact['placebo_n']}"
        )
        rows.append((fact["matter"], fact["setting"], f"{fact['events']} of {fact['n']} "
                     f"({percent(fact['events'] / fact['n'])})", placebo,
                     fact["source"], fact["note"]))  # fmt: skip
    return [
        "The model says nothing about harm. What follows is published, and no prediction.",
        make_grid("Side effects of ketamine in CRPS",
              ("what", "in whom", "patients", "placebo", "source", "note"), rows),
    ]  # fmt: skip


def _provenance(body: Body) -> list[Block]:
    model = body["model"]
    rows = [
        ("model", f"{model['name']} {model['version']} ({model['submodel']})"),
        ("tracked run", model["run_id"] or "–"), ("made on", model["created"]),
        ("model artifact, SHA-256", model["digest"]),
        ("cohort, SHA-256", model["cohort_sha256"]), ("study, SHA-256", model["study_sha256"]),
        ("seed", body["results"]["study"]["seed"]),
        ("code", f"ketresponse {model['code_version']}"),
        ("packages", ", ".join(f"{k} {v}" for k, v in model["versions"].items())),
    ]  # fmt: skip
    return ["Every number on this card is computed from the run named here.",
            make_grid("", ("what", "value"), rows)]  # fmt: skip


def _history(body: Body, annex: Mapping[str, Any] | None) -> list[Block]:
    blocks: list[Block] = []
    if annex is None:
        blocks.append("Not reviewed yet.")
    else:
        blocks.append(f"Review: {annex['standing']}.")
        for title, key in (("Approvals", "approvals"), ("Waivers", "waivers"),
                           ("History", "history")):  # fmt: skip
            rows = [
                (e["at"][:10], e.get("kind", key.rstrip("s")) + (f", gate {e['gate']}"
                 if e.get("gate") else ""), f"{e['name']} ({e['account']})", e["comment"])
                for e in annex.get(key, [])
            ]  # fmt: skip
            if rows:
                blocks.append(make_grid(title, ("date", "what", "who", "in their words"), rows))
    parent = body["parent"]
    if parent is None:
        return [*blocks, "There is no earlier version with a card to compare with."]
    rows = [(c["part"], c["what"], c["before"], c["after"]) for c in parent["changes"]]
    changes = make_grid(f"Changes since {parent['model']}", ("part", "what", "before", "after"), rows,
                    f"Card of {parent['model']}: {parent['card_sha256']}")  # fmt: skip
    return [*blocks, changes if rows else f"Nothing changed since {parent['model']}."]


def make_sections(body: Body, annex: Mapping[str, Any] | None) -> list[Section]:
    """Lay a card out.

    Parameters
    ----------
    body : mapping
        Of the card.
    annex : mapping or None
        :func:`training.approval.make_annex`; None where the model was never reviewed.

    Returns
    -------
    list of Section
        In order; the first lines ("In plain words") and the gates are the page's own.
    """
    blocks: dict[str, list[Block]] = {
        "use": _use(body), "population": _population(body), "outcome": _outcome(body),
        "predictors": _predictors(body), "model": _model(body),
        "performance": _performance(body), "calibration": _calibration(body),
        "decision": _decision(body), "stability": _stability(body), "fairness": _fairness(body),
        "literature": _literature(body), "limitations": _limitations(body),
        "safety": _safety(body), "people": [_answers(body, "people")],
        "maintenance": [_answers(body, "maintenance")], "provenance": _provenance(body),
        "history": _history(body, annex),
    }  # fmt: skip
    return [Section(anchor, PLACES[anchor], tuple(found)) for anchor, found in blocks.items()]
