//! Whose certificates are believed: the machine's own store, and one file of the operator's.

use std::path::Path;
use std::sync::LazyLock;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts};

use crate::error::Error;

/// What this machine trusts.
static MACHINE: LazyLock<Vec<CertificateDer<'static>>> =
    LazyLock::new(|| rustls_native_certs::load_native_certs().certs);

/// The certificates of `outbound.ca_file`; none without one.
#[derive(Clone, Debug, Default)]
pub struct CaFile(Vec<CertificateDer<'static>>);

impl CaFile {
    /// Reads the certificates of a PEM file, of which there must be one at least.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| {
            Error::invalid(
                "outbound.ca_file",
                format!("outbound.ca_file: {} {reason}", path.display()),
            )
        };
        let text =
            std::fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let found = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refuse(format!("is not a PEM file of certificates: {error}")))?;
        if found.is_empty() {
            return Err(refuse("holds no certificate in PEM form".to_owned()));
        }
        // One that is no certificate would be left out later without a word.
        let mut store = rustls::RootCertStore::empty();
        for certificate in &found {
            store.add(certificate.clone()).map_err(|error| {
                refuse(format!(
                    "holds what is no certificate of an authority: {error}"
                ))
            })?;
        }
        Ok(Self(found))
    }

    /// All that is believed. A machine without a store of its own gets Mozilla's list, built in;
    /// the file takes its place, because that list holds no certificates that could be joined with others.
    pub(super) fn roots(&self) -> RootCerts {
        let all: Vec<Certificate<'static>> = MACHINE
            .iter()
            .chain(&self.0)
            .map(|der| Certificate::from_der(der).to_owned())
            .collect();
        if all.is_empty() {
            return RootCerts::WebPki;
        }
        RootCerts::new_with_certs(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for text in ["", "no PEM at all", garbage, cut] {
            std::fs::write(&path, text).unwrap();
            let error = CaFile::read(&path).unwrap_err().to_string();
            assert!(error.contains("outbound.ca_file"), "{error}");
            assert!(error.contains("ca.pem"), "{error}");
        }
        let missing = CaFile::read(&folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("cannot be read"), "{missing}");
    }
}
