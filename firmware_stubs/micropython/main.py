"""A projector as a device, in MicroPython: the profile campus-projector, over MQTT.

Put next to it on the board: `profile.json`, from `campus-profiles show campus-projector --json`;
`settings.json`; and `board.py`, with `measure(name)`, which returns a number or None. The MQTT
client is that of micropython-lib (`mpremote mip install umqtt.simple`).
"""

import json
import time

import board
from umqtt.simple import MQTTClient, MQTTException

EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
"""Seconds from 1970 to where this board's clock begins."""
MEASURED = ("display_state", "source", "lamp_time", "fault_code")


def load(name):
    """Return what a JSON file next to this one holds."""
    with open(name) as file:
        return json.load(file)


def state(profile):
    """Return the state that the profile asks for; what gives no value is left out."""
    members = {profile["time"]["path"]: int(time.time() + EPOCH_S) * 1000}
    for name in MEASURED:
        value = board.measure(name)
        if value is not None:
            members[profile["points"][name]["path"]] = value
    return members


def connected(profile, settings):
    """Return a client that is connected, present, and leaves a will."""
    presence = profile["presence"]
    topic = presence["topic"].replace("{device}", settings["device"]).encode()
    # This client does not ping by itself: the next state has to come before the broker gives up.
    keepalive = max(60, 2 * settings["period_s"])
    client = MQTTClient(
        settings["device"], settings["broker"], settings["port"], keepalive=keepalive
    )
    client.set_last_will(topic, presence["offline"].encode(), retain=True, qos=1)
    client.connect()
    client.publish(topic, presence["online"].encode(), retain=True, qos=1)
    return client


def run():
    """Report for ever; a connection that ends is made again."""
    profile, settings = load("profile.json"), load("settings.json")
    topic = profile["points"]["display_state"]["topic"]
    topic = topic.replace("{device}", settings["device"]).encode()
    while True:
        try:
            client = connected(profile, settings)
            while True:
                client.publish(topic, json.dumps(state(profile)).encode(), qos=1)
                time.sleep(settings["period_s"])
        except (OSError, MQTTException) as error:
            print("mqtt:", error)
            time.sleep(settings["period_s"])


if __name__ == "__main__":
    run()
