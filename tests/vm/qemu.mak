# SPDX-License-Identifier: BSD-3-Clause
# The devices of our QEMU: what a q35 guest needs to boot from its host's files,
# what the tests use beside it, and the card.
CONFIG_Q35=y
CONFIG_PCIE_PORT=y
CONFIG_ACPI_PCIHP=y
CONFIG_VTD=y
CONFIG_NVME_PCI=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_SERIAL_ISA=y
CONFIG_ISA_DEBUG=y
CONFIG_COFFER=y
