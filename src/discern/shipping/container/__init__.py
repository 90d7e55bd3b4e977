"""Deployment as a container: the image's build context, a compose file and manifests for Kubernetes."""
