"""Links to a map. Nothing leaves the building until an officer presses one: then the place alone, to 高德地图.

WeChat's coordinates are the ones that 高德 uses (GCJ-02), so they need no conversion.
"""

import re
from urllib.parse import urlencode

from nicegui import ui

LEAVES = "点开会在新窗口打开高德地图，只把这个地点发到站外"
"""What an officer is told before pressing."""
_SERVICE = "https://uri.amap.com"
_ON_A_MAP = re.compile(
    "[路街巷号村镇桥站]|胡同|路口|小区|花园|社区|广场|大厦|学校|小学|中学|大学|医院|公园|市场|商场|酒店|宾馆"
)


def of_point(place: str) -> str:
    """The map around "latitude, longitude"."""
    latitude, _, longitude = place.partition(", ")
    marker = {"position": f"{longitude},{latitude}", "name": "居民发来的位置", "coordinate": "gaode", "callnative": 0}
    return f"{_SERVICE}/marker?{urlencode(marker)}"


def findable(name: str) -> bool:
    """Whether a map may know a place: a street, a compound, a landmark, and no mere "third floor"."""
    return bool(_ON_A_MAP.search(name))


def of_name(name: str, *, city: str = "") -> str:
    """The map's search for a place by name."""
    return f"{_SERVICE}/search?{urlencode({'keyword': name, 'city': city, 'callnative': 0})}"


def build_link(text: str, address: str) -> None:
    """A link to the map, which tells the map's service nothing of the page that it stands on."""
    link = ui.element("a").classes("map-link")
    link.props(f'target=_blank rel="noopener noreferrer" title="{LEAVES}"').props["href"] = address
    with link:
        ui.label(text)
