"""Is a model of many centres as good as that of all their rows? Truths, attacks and peers."""
