"""Sub-models with a microRNA panel: how they are fitted, judged, frozen and told."""
