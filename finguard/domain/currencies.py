"""The currencies FinGuard accepts, and roughly what a US dollar buys of each."""

from decimal import Decimal
from typing import Final

ACTIVE_CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - three hundred quotation marks would hide the codes
)
"""ISO 4217 codes of money that changes hands: no metals, bonds, funds or test codes."""

UNITS_PER_USD: Final[dict[str, Decimal]] = {
    code: Decimal(units)
    for code, units in {
        "USD": "1", "EUR": "0.9", "GBP": "0.8", "CHF": "0.9", "CAD": "1.4", "AUD": "1.5",
        "NZD": "1.7", "JPY": "150", "CNY": "7", "HKD": "7.8", "SGD": "1.3", "TWD": "32",
        "KRW": "1400", "INR": "85", "IDR": "16000", "MYR": "4.4", "THB": "34", "PHP": "57",
        "VND": "25500", "PKR": "280", "BDT": "120", "LKR": "295", "KZT": "500", "UZS": "12700",
        "TRY": "40", "AED": "3.67", "SAR": "3.75", "QAR": "3.64", "KWD": "0.31", "BHD": "0.38",
        "OMR": "0.38", "JOD": "0.71", "ILS": "3.6", "EGP": "50", "IQD": "1310", "IRR": "42000",
        "LBP": "89500", "ZAR": "18", "NGN": "1550", "KES": "129", "GHS": "14", "TZS": "2600",
        "UGX": "3650", "MAD": "9.8", "DZD": "133", "TND": "3.1", "XOF": "590", "XAF": "590",
        "SEK": "10.5", "NOK": "10.9", "DKK": "6.8", "ISK": "137", "PLN": "3.9", "CZK": "23",
        "HUF": "370", "RON": "4.5", "BGN": "1.8", "RSD": "106", "UAH": "41", "RUB": "95",
        "BYN": "3.2", "GEL": "2.8", "AMD": "390", "AZN": "1.7", "MXN": "19", "BRL": "5.7",
        "ARS": "1000", "CLP": "950", "COP": "4200", "PEN": "3.7", "UYU": "42", "PYG": "7800",
        "BOB": "6.9", "CRC": "510", "DOP": "61", "GTQ": "7.7", "JMD": "158", "AFN": "70",
        "ALL": "88", "AOA": "915", "AWG": "1.8", "BAM": "1.8", "BBD": "2", "BIF": "2950",
        "BMD": "1", "BND": "1.3", "BSD": "1", "BTN": "85", "BWP": "13.5", "BZD": "2",
        "CDF": "2800", "CUP": "24", "CVE": "99", "DJF": "178", "ERN": "15", "ETB": "130",
        "FJD": "2.2", "FKP": "0.8", "GIP": "0.8", "GMD": "71", "GNF": "8600", "GYD": "209",
        "HNL": "25", "HTG": "131", "KGS": "87", "KHR": "4050", "KMF": "440", "KPW": "900",
        "KYD": "0.83", "LAK": "21700", "LRD": "190", "LSL": "18", "LYD": "5.4", "MDL": "17",
        "MGA": "4500", "MKD": "55", "MMK": "2100", "MNT": "3500", "MOP": "8", "MRU": "40",
        "MUR": "46", "MVR": "15.4", "MWK": "1735", "MZN": "64", "NAD": "18", "NIO": "37",
        "NPR": "136", "PAB": "1", "PGK": "4", "RWF": "1400", "SBD": "8.4", "SCR": "14",
        "SDG": "600", "SHP": "0.8", "SLE": "23", "SOS": "570", "SRD": "37", "SSP": "4500",
        "STN": "22", "SVC": "8.75", "SYP": "11000", "SZL": "18", "TJS": "10", "TMT": "3.5",
        "TOP": "2.4", "TTD": "6.8", "VED": "200", "VES": "200", "VUV": "120", "WST": "2.8",
        "XCD": "2.7", "XCG": "1.8", "XPF": "108", "YER": "250", "ZMW": "25", "ZWG": "27",
    }.items()
}  # fmt: skip
"""Rounded equivalents for thresholds, not exchange rates; `FINGUARD_UNITS_PER_USD` amends them."""
