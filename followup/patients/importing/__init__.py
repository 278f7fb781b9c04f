"""Patient lists: a CSV or Excel file becomes patients and stays, with a report of refused rows.

``read`` is pure (bytes in, records and faults out), ``store`` writes, ``import_patients`` is both.
"""

from followup.patients.importing.reader import PatientList, read
from followup.patients.importing.report import ImportReport, ListRefused, RowFault
from followup.patients.importing.store import import_patients, store

__all__ = ["ImportReport", "ListRefused", "PatientList", "RowFault", "import_patients", "read",
           "store"]
