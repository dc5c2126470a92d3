"""Put a network's contracts on its chains: deterministic, resumable, and checked.

`addresses` says where things will stand, `plan` what stands there, `steps` brings it on chain.
"""

from bridge.deploy.plan import Piece, Places, plan
from bridge.deploy.steps import Progress, deploy, deploy_chain

__all__ = ["Piece", "Places", "Progress", "deploy", "deploy_chain", "plan"]
