"""The application that gunicorn and the `flask` command load."""

from shopapp import create_app

app = create_app()
