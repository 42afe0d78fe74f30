/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coffer, a hardware security module as a PCI function: the function itself, its life cycle,
 * and the one bottom half in which all its work is done. SPEC.md is the programming manual.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "device.h"
#include "trace.h"

#define COFFER_CAP_PM       0x40
#define COFFER_CAP_EXPRESS  0x60
#define COFFER_EXT_AER      0x100
#define COFFER_EXT_SERIAL   0x150

/* The only place where rings are read and written and interrupts are sent. */
static void coffer_work(void *opaque)
{
    CofferState *s = opaque;
    bool more = false;

    coffer_take_answers(s);
    coffer_take_events(s);
    /* Each step may be fatal, and then no later one is taken: only vector 0 is sent. */
    if (coffer_running(s)) {
        coffer_shadows_look(s);
    }
    if (coffer_running(s)) {
        more = coffer_queues_fetch(s);
        coffer_complete_ready(s);
    }
    if (coffer_running(s)) {
        coffer_queues_signal(s);
    }
    if (coffer_running(s)) {
        more |= coffer_shadows_rest(s);
    }
    if (s->irq_events) {
        s->irq_events = false;
        coffer_send_irq(s, COFFER_VECTOR_EVENTS);
    }
    if (more) {
        coffer_schedule(s);
    }
}

static void coffer_slow_timer(void *opaque)
{
    coffer_schedule(opaque);
}

static uint32_t coffer_config_read(PCIDevice *pci, uint32_t addr, int len)
{
    if (COFFER(pci)->fault.link_loss) {
        return MAKE_64BIT_MASK(0, len * 8);
    }
    return pci_default_read_config(pci, addr, len);
}

static bool coffer_is_master(PCIDevice *pci)
{
    return pci_get_word(pci->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

static void coffer_config_write(PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
    CofferState *s = COFFER(pci);
    bool was_master = coffer_is_master(pci);

    if (s->fault.link_loss) {
        return;
    }
    pci_default_write_config(pci, addr, val, len);
    if (pci->exp.exp_cap) {
        pcie_cap_flr_write_config(pci, addr, val, len);
        pcie_aer_write_config(pci, addr, val, len);
    }
    if (was_master && !coffer_is_master(pci) &&
        (coffer_reg(s, COFFER_REG_CTRL) & COFFER_CTRL_ENABLE)) {
        coffer_controller_reset(s, "bus mastering off");
    }
}

static void coffer_reset(DeviceState *dev)
{
    coffer_controller_reset(COFFER(dev), "function reset");
}

static int coffer_add_pm(PCIDevice *pci, Error **errp)
{
    int at = pci_add_capability(pci, PCI_CAP_ID_PM, COFFER_CAP_PM, PCI_PM_SIZEOF, errp);

    if (at >= 0) {
        pci_set_word(pci->config + at + PCI_PM_PMC, PCI_PM_CAP_VER_1_2);
        pci_set_word(pci->config + at + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
        pci_set_word(pci->wmask + at + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    }
    return at;
}

static int coffer_add_express(CofferState *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);

    if (!pci_bus_is_express(pci_get_bus(pci))) {
        pci->cap_present &= ~QEMU_PCI_CAP_EXPRESS;
        return 0;
    }
    if (pcie_endpoint_cap_init(pci, COFFER_CAP_EXPRESS) < 0) {
        error_setg(errp, "no room for the Express capability");
        return -1;
    }
    pcie_cap_deverr_init(pci);
    pcie_cap_flr_init(pci);
    if (pcie_aer_init(pci, PCI_ERR_VER, COFFER_EXT_AER, PCI_ERR_SIZEOF, errp) < 0) {
        return -1;
    }
    pcie_dev_ser_num_init(pci, COFFER_EXT_SERIAL, s->serial);
    return 0;
}

static int coffer_add_msix(PCIDevice *pci, Error **errp)
{
    int i;

    if (msix_init_exclusive_bar(pci, COFFER_VECTORS, COFFER_BAR_MSIX, errp) < 0) {
        return -1;
    }
    for (i = 0; i < COFFER_VECTORS; i++) {
        msix_vector_use(pci, i);
    }
    return 0;
}

static bool coffer_power_on(CofferState *s, Error **errp)
{
    if (!s->has_firmware) {
        return true;
    }
    if (!s->card_dir || !s->card_dir[0]) {
        error_setg(errp, "give the folder of the card: card=DIR");
        return false;
    }
    s->card = coffer_card_open(s->card_dir, s->ped_dir, s->power_cut_at, s->work, errp);
    if (!s->card) {
        return false;
    }
    s->serial = coffer_card_serial(s->card);
    return true;
}

static void coffer_power_off(CofferState *s)
{
    if (s->card) {
        coffer_card_close(s->card);
        s->card = NULL;
    }
    qemu_bh_delete(s->work);
    s->work = NULL;
}

/* Whatever realize has come to, take it back. */
static void coffer_teardown(CofferState *s)
{
    PCIDevice *pci = PCI_DEVICE(s);

    coffer_power_off(s);
    if (msix_present(pci)) {
        msix_unuse_all_vectors(pci);
        msix_uninit_exclusive_bar(pci);
    }
    if (pci->exp.aer_cap) {
        pcie_aer_exit(pci);
    }
    if (pci->exp.exp_cap) {
        pcie_cap_exit(pci);
    }
}

static void coffer_exit(PCIDevice *pci)
{
    coffer_controller_reset(COFFER(pci), "unplugged");
    coffer_teardown(COFFER(pci));
}

static void coffer_realize(PCIDevice *pci, Error **errp)
{
    CofferState *s = COFFER(pci);

    s->work = qemu_bh_new_guarded(coffer_work, s, &DEVICE(s)->mem_reentrancy_guard);
    coffer_queues_init(s);
    coffer_shadows_init(s);
    timer_init_ns(&s->slow_timer, QEMU_CLOCK_VIRTUAL, coffer_slow_timer, s);
    if (!coffer_power_on(s, errp) || coffer_add_pm(pci, errp) < 0 ||
        coffer_add_express(s, errp) < 0 || coffer_add_msix(pci, errp) < 0) {
        coffer_teardown(s);
        return;
    }
    coffer_regs_init(s);
    memory_region_init_io(&s->mmio, OBJECT(s), &coffer_mmio_ops, s, "coffer-registers",
                          COFFER_BAR_REGS_SIZE);
    pci_register_bar(pci, COFFER_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mmio);
    trace_coffer_realize(s->serial, s->card_dir ? s->card_dir : "");
}

static void coffer_get_commands(Object *obj, Visitor *v, const char *name, void *opaque,
                                Error **errp)
{
    CofferState *s = COFFER(obj);
    uint64_t count = s->card ? coffer_card_commands(s->card) : 0;

    visit_type_uint64(v, name, &count, errp);
}

static void coffer_instance_init(Object *obj)
{
    CofferState *s = COFFER(obj);

    /* Space for extended configuration; taken back on a bus that has none. */
    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
    QTAILQ_INIT(&s->ready);
    object_property_add(obj, "firmware-commands", "uint64", coffer_get_commands, NULL, NULL, NULL);
    coffer_knobs_init(obj);
}

COFFER_PROPERTIES(coffer_properties,
    DEFINE_PROP_STRING("card", CofferState, card_dir),
    DEFINE_PROP_STRING("ped", CofferState, ped_dir),
    DEFINE_PROP_BOOL("firmware", CofferState, has_firmware, true),
    DEFINE_PROP_UINT64("power-cut-at", CofferState, power_cut_at, 0));

/* A saved or migrated card would be a second copy of its keys. */
static const VMStateDescription coffer_vmstate = {
    .name = TYPE_COFFER,
    .unmigratable = 1,
};

static void coffer_class_init(ObjectClass *oc, CofferClassData *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    pc->realize = coffer_realize;
    pc->exit = coffer_exit;
    pc->config_read = coffer_config_read;
    pc->config_write = coffer_config_write;
    pc->vendor_id = COFFER_PCI_VENDOR_ID;
    pc->device_id = COFFER_PCI_DEVICE_ID;
    pc->class_id = COFFER_PCI_CLASS;
    pc->revision = COFFER_PCI_REVISION;
    dc->desc = "Coffer, a hardware security module";
    dc->vmsd = &coffer_vmstate;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, coffer_properties);
    coffer_class_set_reset(dc, coffer_reset);
}

static const TypeInfo coffer_type = {
    .name = TYPE_COFFER,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(CofferState),
    .instance_init = coffer_instance_init,
    .class_init = coffer_class_init,
    .interfaces = (CofferInterface[]) {
        { INTERFACE_PCIE_DEVICE },
        { INTERFACE_CONVENTIONAL_PCI_DEVICE },
        { }
    },
};

static void coffer_register_types(void)
{
    type_register_static(&coffer_type);
}

type_init(coffer_register_types)
