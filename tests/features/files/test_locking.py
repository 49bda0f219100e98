from __future__ import annotations

import threading
from pathlib import Path

from features.files.locking import locked


def test_one_who_changes_a_file_keeps_the_others_waiting(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("0")

    def count() -> None:
        for _ in range(50):
            with locked(file):
                number = int(file.read_text())
                fresh = file.with_suffix(f".{threading.get_ident()}")
                fresh.write_text(str(number + 1))
                fresh.replace(file)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_text() == "200"
