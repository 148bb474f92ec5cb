"""Dialogs that never stop the program: opened, and awaited."""

import asyncio

from PySide6.QtWidgets import QDialog


async def show_dialog(dialog: QDialog) -> int:
    """Open it over its window and wait until it is done; gives Qt's result, `QDialog.DialogCode` for most.

    `dialog.exec()` in a coroutine would hang all other tasks for good. Cancelled, it closes the dialog.
    """
    finished: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not finished.done():
            finished.set_result(result)

    dialog.finished.connect(settle)
    dialog.open()
    try:
        return await finished
    finally:
        dialog.finished.disconnect(settle)
        if dialog.isVisible():
            dialog.close()
