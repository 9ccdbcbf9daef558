"""Whatever comes, in whatever order: the user agent never raises, and all that it sends can be read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.call.events import IncomingCall, ReinviteReceived
from tests.call.sip.peer import ANSWER, OFFER, Bench, Caller

OTHER = OFFER.replace("o=- 1 1", "o=- 1 2")
METHODS = st.sampled_from(["INVITE", "ACK", "BYE", "CANCEL", "MESSAGE", "UPDATE", "OPTIONS", "INFO", "X"])
STEPS = st.one_of(
    st.tuples(st.just("request"), METHODS, st.sampled_from([OFFER, OTHER, "", "x"]), st.integers(-2, 2)),
    st.tuples(st.just("command"), st.integers(0, 8)),
    st.tuples(st.just("respond"), st.sampled_from([100, 180, 200, 302, 401, 407, 408, 481, 488, 491, 503, 603])),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 5.0, 40.0, 200.0])),
    st.tuples(st.just("connection"), st.booleans()),
    st.tuples(st.just("damaged"), st.integers(0, 2000), st.binary(max_size=8)),
    st.tuples(st.just("bytes"), st.binary(max_size=200)),
)


def command(bench: Bench, number: int, name: str) -> None:
    agent, now = bench.agent, bench.now
    commands = [
        lambda: agent.ring(name, now),
        lambda: agent.accept(name, ANSWER, now),
        lambda: agent.reject(name, 486, "x", now),
        lambda: agent.hang_up(name, "x", now),
        lambda: agent.reinvite(name, OTHER, now),
        lambda: agent.answer_reinvite(name, ANSWER, now),
        lambda: agent.refuse_reinvite(name, 488, now),
        lambda: agent.send_message(name, "text/plain", b"x", now),
        lambda: agent.leave(now),
    ]
    bench.do(commands[number]())


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40), st.booleans())
def test_any_order_of_anything(steps: list[tuple[object, ...]], talking: bool) -> None:
    bench = Bench()
    bench.register()
    caller = Caller(bench)
    name = caller.talk() if talking else caller.ring()
    last = b""
    for step in steps:
        match step:
            case ("request", str(method), str(body), int(jump)):
                last = caller.request(method, [("Contact", "<sip:a@b>")], body, sequence=max(1, caller.sequence + jump))
                caller.sequence = max(1, caller.sequence + jump)
            case ("command", int(number)):
                command(bench, number, name)
            case ("respond", int(status)):
                for request in [one for one in bench.sent if not one.status and one.method != "ACK"][-1:]:
                    bench.answer(request, status, [("Content-Type", "application/sdp")], ANSWER)
            case ("wait", float(seconds)):
                bench.wait(seconds)
            case ("connection", bool(up)):
                agent = bench.agent
                bench.do(agent.connected(bench.now) if up else agent.disconnected("", bench.now))
            case ("damaged", int(at), bytes(data)):
                bench.receive(last[:at] + data + last[at + len(data) :])
            case ("bytes", bytes(data)):
                bench.receive(data)
        for message in bench.sent:
            if message.status and message.method == "INVITE" and message.recipient_tag:
                caller.recipient = message.recipient
        for event in bench.events:
            if isinstance(event, IncomingCall | ReinviteReceived):
                name = event.call_id
    # Whatever happened: hanging up and waiting leaves nothing behind.
    bench.do(bench.agent.leave(bench.now))
    bench.do(bench.agent.disconnected("", bench.now))
    bench.wait(2000)
    assert not bench.agent.busy and bench.agent.next_deadline() is None
