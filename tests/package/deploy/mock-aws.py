"""Starts moto's server, and adds what its CloudFormation lacks for layers. usage: mock-aws.py PORT

Ref of a layer version is its ARN.
"""

import sys

from moto.awslambda.models import LayerVersion
from moto.server import main

LayerVersion.physical_resource_id = property(lambda self: self.arn)
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
