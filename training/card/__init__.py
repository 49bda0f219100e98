"""The model card: what it holds, where each answer comes from, and how it is shown."""
