from training.network.protocol.round_words import ROUND_WORDS


def test_every_round_says_that_sums_are_shared_and_no_rows() -> None:
    assert len(ROUND_WORDS) >= 6
    for words in ROUND_WORDS:
        assert "radient" in words and words.endswith(".")
        assert "limit" in words or "patients" not in words
