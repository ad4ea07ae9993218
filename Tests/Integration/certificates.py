"""Certificates for tests, made by the openssl command."""

import ssl
import subprocess


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, check=True, capture_output=True)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory, name="authority"):
        self.directory, self.name = directory, name
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "400",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", cwd=directory)
        self.file = directory / f"{name}.crt"

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", key="ec", days=90, extensions=""):
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["rsa:2048"]
        openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                cwd=self.directory)
        (self.directory / f"{name}.ext").write_text(f"subjectAltName={names}\n{extensions}")
        # A day of negative length is over already.
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key",
                "-days", days, "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=self.directory)
        return self.directory / f"{name}.crt", self.directory / f"{name}.key"


def tls(files, **options):
    """The section `tls` of a listener."""
    return {"certificate": str(files[0]), "key": str(files[1])} | options


def trusting(authority, **options):
    """What a client needs to verify certificates of an authority."""
    context = ssl.create_default_context(cafile=str(authority.file))
    for name, value in options.items():
        setattr(context, name, value)
    return context
