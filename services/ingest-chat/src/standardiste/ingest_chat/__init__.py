"""Web chat: sessions, sockets and the widget."""
