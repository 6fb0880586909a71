"""What models train with: labelled rows, their batches and pairs, ensembles, and a process."""

__all__: list[str] = []
