"""From the rows of a frame to what networks and kernels take: numbers, molecules, distances."""

__all__: list[str] = []
