# SPDX-License-Identifier: LGPL-3.0-only
def uninstall_hook(env):
    """Remove what the add-on has put into the database beside its models."""
    env["recall.share.change"]._remove()
