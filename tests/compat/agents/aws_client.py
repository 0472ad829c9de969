"""Starts AWS's client as a managed runtime's bootstrap.py does: a wrapper may have changed _HANDLER."""
import os
import sys

sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], "/opt/python"]
sys.path.append(os.environ["AWS_CLIENT"])

from awslambdaric import bootstrap  # noqa: E402, F401  agents look for it in __main__
from awslambdaric.__main__ import main  # noqa: E402

main(["bootstrap", os.environ["_HANDLER"]])
