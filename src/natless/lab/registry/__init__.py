"""ECR as the lab has it: `/v2/` behind a Basic token, and the bucket its layers lie in.

In: HTTP requests (WSGI) from tasks, and pushes from the host. Out: manifests, redirects to the layer bucket, bytes.
Images are recorded in moto's ECR, so that DescribeImages, BatchGetImage and BatchDeleteImage see what was pushed.
"""

from natless.lab.registry.layers import LayerBucket, LayerUrls
from natless.lab.registry.registry import Registry
from natless.lab.registry.repairs import repair
from natless.lab.registry.tokens import Tokens

__all__ = ["LayerBucket", "LayerUrls", "Registry", "Tokens", "repair"]
