import pandas as pd


def handler(event, context):
    frame = pd.DataFrame({"name": ["a", "b", "a"], "n": [1, 2, event["n"]]})
    return frame.groupby("name")["n"].sum().to_dict()
