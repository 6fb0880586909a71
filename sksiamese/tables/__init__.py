"""What users pass: what each column is, outcomes, labels; how rows are read and encoded."""

from sksiamese.tables._stacked_tasks import StackedTasks, stack_tasks

__all__ = [
    "StackedTasks",
    "stack_tasks",
]
