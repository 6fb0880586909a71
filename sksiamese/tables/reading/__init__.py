"""From files and cells as people type them to frames of numbers, names and gaps."""

__all__: list[str] = []
