"""What users pass: reading files, columns and labels, and the encoder of rows."""

from sksiamese.tables._tasks import StackedTasks, stack_tasks

__all__ = [
    "StackedTasks",
    "stack_tasks",
]
