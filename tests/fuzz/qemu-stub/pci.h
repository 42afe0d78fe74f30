/* SPDX-License-Identifier: BSD-3-Clause */
/* A function on a PCI Express bus, its configuration space, its interrupts and its DMA. */
#ifndef QEMU_STUB_PCI_H
#define QEMU_STUB_PCI_H

#define TYPE_PCI_DEVICE "pci-device"
#define INTERFACE_PCIE_DEVICE "pci-express-device"
#define INTERFACE_CONVENTIONAL_PCI_DEVICE "conventional-pci-device"
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MASTER 0x4
#define PCI_CAP_ID_PM 0x01
#define PCI_PM_SIZEOF 8
#define PCI_PM_PMC 2
#define PCI_PM_CTRL 4
#define PCI_PM_CAP_VER_1_2 0x3
#define PCI_PM_CTRL_NO_SOFT_RESET 0x8
#define PCI_PM_CTRL_STATE_MASK 0x3
#define PCI_ERR_VER 2
#define PCI_ERR_SIZEOF 0x48
#define PCI_BASE_ADDRESS_SPACE_MEMORY 0
#define PCI_BASE_ADDRESS_MEM_TYPE_64 4
#define QEMU_PCI_CAP_EXPRESS 4
#define STUB_CONFIG_SIZE 0x200
#define STUB_DEVCTL 8			/* in the Express capability */
#define STUB_DEVCTL_FLR 0x8000

typedef struct PCIBus {
	int unused;
} PCIBus;
typedef struct PCIDevice {
	DeviceState qdev;
	uint8_t config[STUB_CONFIG_SIZE], wmask[STUB_CONFIG_SIZE];
	uint32_t cap_present;
	struct {
		uint16_t exp_cap, aer_cap;
	} exp;
	bool msix;
} PCIDevice;
typedef struct PCIDeviceClass {
	void (*realize)(PCIDevice *pci, Error **errp);
	void (*exit)(PCIDevice *pci);
	uint32_t (*config_read)(PCIDevice *pci, uint32_t addr, int len);
	void (*config_write)(PCIDevice *pci, uint32_t addr, uint32_t val, int len);
	uint16_t vendor_id, device_id, class_id;
	uint8_t revision;
} PCIDeviceClass;
struct StubClass {
	ObjectClass oc;
	DeviceClass device;
	PCIDeviceClass pci;
};

static inline uint16_t pci_get_word(const uint8_t *at)
{
	return at[0] | at[1] << 8;
}

static inline void pci_set_word(uint8_t *at, uint16_t value)
{
	at[0] = value;
	at[1] = value >> 8;
}

uint32_t pci_default_read_config(PCIDevice *pci, uint32_t addr, int len);
void pci_default_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len);
int pci_add_capability(PCIDevice *pci, uint8_t id, uint8_t at, uint8_t size, Error **errp);
PCIBus *pci_get_bus(PCIDevice *pci);
bool pci_bus_is_express(PCIBus *bus);
void pci_register_bar(PCIDevice *pci, int number, uint8_t type, MemoryRegion *mr);
int pcie_endpoint_cap_init(PCIDevice *pci, uint8_t at);
void pcie_cap_deverr_init(PCIDevice *pci);
void pcie_cap_flr_init(PCIDevice *pci);
void pcie_cap_flr_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len);
void pcie_cap_exit(PCIDevice *pci);
int pcie_aer_init(PCIDevice *pci, uint8_t version, uint16_t at, uint16_t size, Error **errp);
void pcie_aer_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len);
void pcie_aer_exit(PCIDevice *pci);
void pcie_dev_ser_num_init(PCIDevice *pci, uint16_t at, uint64_t serial);

int msix_init_exclusive_bar(PCIDevice *pci, unsigned short vectors, uint8_t bar, Error **errp);
void msix_uninit_exclusive_bar(PCIDevice *pci);
void msix_vector_use(PCIDevice *pci, unsigned vector);
void msix_unuse_all_vectors(PCIDevice *pci);
int msix_present(PCIDevice *pci);
void msix_notify(PCIDevice *pci, unsigned vector);

uint16_t pci_requester_id(PCIDevice *pci);
AddressSpace *pci_get_address_space(PCIDevice *pci);
MemTxResult pci_dma_rw(PCIDevice *pci, dma_addr_t addr, void *buf, dma_addr_t len,
		       DMADirection dir, MemTxAttrs attrs);

#endif
