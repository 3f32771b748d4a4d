"""The forms that benchmarks come in: one file a form, each with `load(path) -> list[Question]`."""
