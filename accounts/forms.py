"""The form behind an invitation's link."""

from django import forms


class NewAccountForm(forms.Form):
    """Who comes in without an account yet; `accounts.invitations` judges the password."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))
