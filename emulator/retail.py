"""The public list of prices: the sizes that the emulator has, at prices of its own. Nobody signs in for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from emulator import odata
from emulator.regions import LOCATIONS, SIZES, Size
from emulator.router import Refused, Request, Routes
from emulator.state import Service

HOST = "prices.azure.com"
PATH = "/api/retail/prices"
PAGE = 100
"""Items on a page."""

routes = Routes()


@routes.on("GET", HOST, PATH)
def prices(service: Service, request: Request) -> dict[str, Any]:
    """A page of what a `$filter` lets through, all of it without one. Raises Refused for a filter of no known form."""
    currency = request.query.get("currencyCode", "'USD'").strip("'")
    found = [item for region in LOCATIONS for size in SIZES.values() for item in _meters(size, region, currency)]
    if text := request.query.get("$filter", "").replace("priceType", "type"):
        try:
            test = odata.parse(text)
        except odata.FilterInvalid as problem:
            raise Refused(400, "BadRequest", f"Invalid OData parameters supplied: {problem}") from None
        found = [item for item in found if test(item)]
    start = int(request.query.get("$skip", "0"))
    page = found[start : start + PAGE]
    more = urlencode({**request.query, "$skip": start + PAGE}, quote_via=quote, safe="$")
    return {
        "BillingCurrency": currency,
        "CustomerEntityId": "Default",
        "CustomerEntityType": "Retail",
        "Items": page,
        "NextPageLink": f"https://{HOST}:443{PATH}?{more}" if start + PAGE < len(found) else None,
        "Count": len(page),
    }


def _meters(size: Size, region: str, currency: str) -> Iterator[dict[str, Any]]:
    """A size's meters in a region, where it is there: Linux, Spot, Low Priority, and Windows."""
    if size.regions is not None and region not in size.regions:
        return
    name = size.name.removeprefix("Standard_").replace("_", " ")
    product = f"Virtual Machines {size.family.removeprefix('Standard ')} Series"
    hour = 0.05 * size.cores + 0.5 * size.gpus
    for number, (meter, of, price) in enumerate(
        (
            (name, product, hour),
            (f"{name} Spot", product, hour / 4),
            (f"{name} Low Priority", product, hour / 5),
            (name, f"{product} Windows", hour * 2),
        )
    ):
        yield {
            "currencyCode": currency,
            "tierMinimumUnits": 0.0,
            "retailPrice": round(price, 6),
            "unitPrice": round(price, 6),
            "armRegionName": region,
            "location": LOCATIONS[region],
            "effectiveStartDate": "2024-01-01T00:00:00Z",
            "meterId": f"{region}/{size.name}/{number}",
            "meterName": meter,
            "productId": "DZH318Z0BQ35",
            "skuId": f"DZH318Z0BQ35/{number:04}",
            "productName": of,
            "skuName": meter,
            "serviceName": "Virtual Machines",
            "serviceId": "DZH313Z7MMC8",
            "serviceFamily": "Compute",
            "unitOfMeasure": "1 Hour",
            "type": "Consumption",
            "isPrimaryMeterRegion": True,
            "armSkuName": size.name,
        }
