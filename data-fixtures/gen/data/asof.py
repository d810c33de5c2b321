"""The last row known by then, by pandas.merge_asof with and without a tolerance, over times that repeat."""

import pandas as pd
from _common_data import uniforms
from _common import write_golden

u = uniforms(11)
fast = sorted(int(next(u) * 2000) for _ in range(300))
slow = sorted(int(next(u) * 1900) + 60 for _ in range(60))
slow += [slow[-1]] * 2
left = pd.DataFrame({"known": fast})
right = pd.DataFrame({"known": slow, "then": slow, "value": [float(i) for i in range(len(slow))]})
columns = {"known": fast}
for name, tolerance in [("any", None), ("within_25", 25), ("within_0", 0)]:
    joined = pd.merge_asof(left, right, on="known", tolerance=tolerance)
    columns[name] = list(joined["value"])
    if tolerance is None:
        columns["age"] = list(joined["known"] - joined["then"])
columns["slow_known"] = [float(t) for t in slow] + [float("nan")] * (len(fast) - len(slow))
write_golden(
    "data/asof.csv",
    generator=__file__,
    source=f"pandas {pd.__version__} merge_asof",
    tolerance="exact",
    parameters={"seed": 11},
    columns=columns,
)
