"""The daemon put together: what `run` and `demo` have in common."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, cast

from reconciler.cli.address import parse_address
from reconciler.cli.clock import now
from reconciler.cli.log import LOG
from reconciler.cli.moment import moment
from reconciler.cli.sending import Sending, sending
from reconciler.cli.showing import showing
from reconciler.cli.survey import locations_under
from reconciler.core.call import Call
from reconciler.core.outcome import Answer
from reconciler.core.refusal import Guards
from reconciler.daemon.loop import Daemon
from reconciler.daemon.observer import Observer
from reconciler.log_lines.events import GaveUp
from reconciler.metrics.moment import Traffic
from reconciler.metrics.observer import Metrics
from reconciler.render.pace import Flow
from reconciler.settings import Settings
from reconciler.source import yaml_claims, yaml_loading  # noqa: F401  # else the first edit waits for it
from reconciler.source.directory import Directory
from reconciler.source.rules import Rules
from reconciler.source.watch import Watch
from reconciler.web.probes import probe_routes
from reconciler.web.reading import Live
from reconciler.web.server import serve


@asynccontextmanager
async def daemon(
    settings: Settings,
    environ: Mapping[str, str],
    observers: Sequence[Observer],
    *,
    guards: Guards,
    flows: Callable[[Flow], None] = lambda _: None,
) -> AsyncIterator[tuple[Daemon, str]]:
    """Put a daemon together, ready to run; give it and the URL of its metrics and probes.

    `flows` is told how to see how its calls flow.
    Raises a Failure where a setting, a credential, the ledger or the address can't be used.
    """
    host, port = parse_address(settings.listen)
    everyone: list[Observer] = list(observers)

    def called(call: Call) -> None:
        for observer in everyone:
            observer.called(call)

    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(sending(settings, environ, on_call=called))
        flows(parts.flow)
        reading = stack.enter_context(ThreadPoolExecutor(1, "reading"))
        watch = Watch(settings.manifests, mode=cast(Literal["auto"], settings.watch))
        stack.push_async_callback(watch.aclose)
        source = Directory(settings.manifests)
        known: list[Rules] = []

        async def identify() -> Rules | Answer:
            found = await parts.identify()
            known.extend([found] if isinstance(found, Rules) else ())
            return found

        made = Daemon(
            source=source,
            watch=watch,
            identify=identify,
            guards=guards,
            known=locations_under(parts.reader.known_files(), settings),
            ledger=parts.reader,
            recorder=parts.recorder,
            sender=parts.sender,
            rescan=settings.rescan,
            clock=now,
            reading=reading,
            observers=everyone,
        )
        metrics = Metrics(
            made.files, lambda: moment(_traffic(settings.rate, parts, watch), parts, watch, made.health)
        )
        everyone.append(metrics)
        live = Live(
            files=made.files,
            health=made.health,
            traffic=lambda: _traffic(settings.rate, parts, watch),
            watch=lambda: (watch.mode, watch.reason),
            rules=lambda: known[-1] if known else None,
            source=source,
            ledger=settings.ledger,
            doubts=parts.recorder.doubts.oldest,
            clock=now,
        )
        recent, site = await stack.enter_async_context(showing(live, settings, environ))
        everyone.append(recent)
        probes = probe_routes(metrics.registry, lambda: made.health)
        url = await stack.enter_async_context(serve(host, port, probes=probes, site=site))
        yield made, url


async def run_until(stop: asyncio.Event, made: Daemon, grace: float) -> None:
    """Run until `stop` is set; give calls under way `grace` seconds after that."""
    running = asyncio.ensure_future(made.run(stop))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.wait({running}, timeout=grace)
    if not running.done():
        LOG.warning(GaveUp(what="calls under way were given up"))
        running.cancel()
        await asyncio.wait({running})
        return
    running.result()


def _traffic(ceiling: float, parts: Sending, watch: Watch) -> Traffic:
    return Traffic(
        ceiling=ceiling,
        present_rate=parts.limiter.present_rate or ceiling,
        waiting=parts.sender.calls_left,
        tripped=parts.sender.breaker.tripped,
        watch_errors=watch.errors,
    )
