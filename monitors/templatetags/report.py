"""Filters for the template of a report."""

from django import template

from monitors.reports import words

register = template.Library()
register.filter("moment", words.moment)
register.filter("share", words.percent)
register.filter("took", words.milliseconds)
register.filter("lasting_seconds", words.lasting)
register.filter("thousands", words.thousands)
