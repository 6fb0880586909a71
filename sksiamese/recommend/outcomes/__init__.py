"""What a recommender expects of experiments, and what they are worth: successes or numbers."""

__all__: list[str] = []
