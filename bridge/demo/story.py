"""The story, in order: each step does one thing for real and checks what came of it."""

from __future__ import annotations

from bridge.demo import attacks, money
from bridge.demo.scene import Step

STORY: tuple[Step, ...] = (
    Step(name="mint", title="Two traders get stand-in tokens", play=money.mint),
    Step(name="deposits", title="Ada and Ben deposit", play=money.deposits),
    Step(name="margin", title="Ada moves margin from alpha to beta", play=money.margin),
    Step(name="forward", title="Ben deposits on beta, it ends as cash at gamma", play=money.forward),
    Step(name="forgery", title="A forged proof is refused", play=attacks.forgery),
    Step(name="replay", title="A replay is refused", play=attacks.replay),
    Step(name="crash", title="The relayer is killed half way and restarted", play=money.crash),
    Step(name="withdrawal", title="Ada withdraws on gamma, a third chain", play=money.withdrawal),
    Step(name="dispute", title="A false state root is disputed and refuted", play=attacks.dispute),
)
