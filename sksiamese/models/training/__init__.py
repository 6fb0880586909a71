"""What all classifiers train with: labelled rows, their batches and pairs, ensembles in skorch."""

__all__: list[str] = []
