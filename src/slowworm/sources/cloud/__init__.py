"""Flow logs of clouds, one module per provider."""

from __future__ import annotations

from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.cloud.aws import AwsVpcFlow
from slowworm.sources.cloud.azure import AzureNsgFlow
from slowworm.sources.cloud.gcp import GcpVpcFlow

FORMATS: tuple[ByteFormat, ...] = (AwsVpcFlow(), AzureNsgFlow(), GcpVpcFlow())
"""The formats of this package."""

__all__ = ["FORMATS", "AwsVpcFlow", "AzureNsgFlow", "GcpVpcFlow"]
