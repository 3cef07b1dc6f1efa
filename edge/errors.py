"""Everything that can go wrong in a gateway, by whose fault it is and whether trying again helps.

EdgeError
├─ ConfigError(path, line)            permanent: names the key and the accepted form
├─ DeviceError(device_id)
│  ├─ DeviceUnreachable               retry
│  ├─ DeviceRefused(code)             retry slowly: Modbus exception or GATT status, by its name
│  └─ DecodeError(point, raw)         permanent for this frame; the reading is dropped and counted
├─ DriverUnavailable(driver)          retry: no broker, no serial port, no radio
├─ BufferUnavailable                  retry: the disk is full or cannot be written
└─ UplinkError
   ├─ UplinkUnavailable(retry_after_s)  retry
   ├─ UplinkRefused(status)           retry slowly: token, bucket or address is wrong
   └─ BatchRejected(status, problem)    permanent: set aside on disk, never in the way
"""


class EdgeError(Exception):
    """Anything that goes wrong in a gateway.

    `kind` is the class as the gateway reports it; the cloud has a sentence for each in every
    language, next to which the error's own English text is the technician's detail.
    """

    is_retryable = False
    kind = "other"


class ConfigError(EdgeError):
    """gateway.yaml is wrong; met at start and by `campus-edge check`."""

    def __init__(self, message: str, *, path: str = "", line: int | None = None) -> None:
        where = f"{path}:{line}: " if line is not None else f"{path}: " if path else ""
        super().__init__(where + message)
        self.path = path
        self.line = line


class DeviceError(EdgeError):
    """One device failed; the others go on."""

    def __init__(self, device_id: str, message: str) -> None:
        super().__init__(f"{device_id}: {message}")
        self.device_id = device_id
        self.problem = message


class DeviceUnreachable(DeviceError):
    """The device gave no answer."""

    is_retryable = True
    kind = "device_unreachable"


class DeviceRefused(DeviceError):
    """The device answered with a refusal; `code` is its name in the protocol's specification."""

    is_retryable = True
    kind = "device_refused"

    def __init__(self, device_id: str, message: str, *, code: str) -> None:
        super().__init__(device_id, message)
        self.code = code


class DecodeError(DeviceError):
    """What the device sent cannot be understood; `raw` is a short excerpt of it."""

    kind = "not_decoded"

    def __init__(self, device_id: str, message: str, *, point: str = "", raw: str = "") -> None:
        super().__init__(device_id, message)
        self.point = point
        self.raw = raw


class DriverUnavailable(EdgeError):
    """The way to a group of devices is closed: no broker, no serial port, no radio."""

    is_retryable = True
    kind = "driver_unavailable"

    def __init__(self, driver: str, message: str) -> None:
        super().__init__(f"{driver}: {message}")
        self.driver = driver


class BufferUnavailable(EdgeError):
    """The buffer cannot be written; nothing is acknowledged until it can."""

    is_retryable = True
    kind = "buffer_unavailable"


class UplinkError(EdgeError):
    """The server did not take a batch."""


class UplinkUnavailable(UplinkError):
    """No connection, or the server asks to wait."""

    is_retryable = True
    kind = "uplink_unavailable"

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, is_cut: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_cut = is_cut
        """The connection ended within the request: some proxies refuse a large one so."""


class UplinkRefused(UplinkError):
    """The server takes nothing from us: the token, the bucket or the address is wrong."""

    is_retryable = True
    kind = "uplink_refused"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class BatchRejected(UplinkError):
    """The server refuses these points for good (400, 413, 422)."""

    kind = "batch_rejected"

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(f"refused with {status}: {problem}")
        self.status = status
        self.problem = problem
