"""``aftercall doctor``: looks at every part and says what to do about each that ails."""

from aftercall.doctor.examination import examine
from aftercall.doctor.result import Result, Status, exit_code, settings_fault
from aftercall.doctor.show import as_json, as_table

__all__ = ["Result", "Status", "as_json", "as_table", "examine", "exit_code", "settings_fault"]
