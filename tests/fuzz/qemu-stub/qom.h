/* SPDX-License-Identifier: BSD-3-Clause */
/* Objects, classes, properties and errors of the emulator, as far as one device needs them. */
#ifndef QEMU_STUB_QOM_H
#define QEMU_STUB_QOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Error Error;
typedef struct Visitor {
	uint64_t value;
} Visitor;
typedef struct Object {
	int unused;
} Object;
typedef struct ObjectClass {
	int unused;
} ObjectClass;
typedef struct MemReentrancyGuard {
	bool engaged_in_io;
} MemReentrancyGuard;
typedef struct DeviceState {
	Object parent_obj;
	MemReentrancyGuard mem_reentrancy_guard;
} DeviceState;

#define OBJECT(o) ((Object *)(o))
#define DEVICE(o) ((DeviceState *)(o))
#define PCI_DEVICE(o) ((PCIDevice *)(o))
#define DEVICE_CLASS(c) (&((struct StubClass *)(c))->device)
#define PCI_DEVICE_CLASS(c) (&((struct StubClass *)(c))->pci)

#define OBJECT_DECLARE_SIMPLE_TYPE(type, cast)			\
	typedef struct type type;				\
	static inline __attribute__((unused)) type *cast(const void *o) \
	{							\
		return (type *)o;				\
	}

typedef struct InterfaceInfo {
	const char *type;
} InterfaceInfo;
typedef struct TypeInfo {
	const char *name, *parent;
	uint64_t instance_size;
	void (*instance_init)(Object *obj);
	void (*class_init)(ObjectClass *oc, void *data);
	InterfaceInfo *interfaces;
} TypeInfo;
void type_register_static(const TypeInfo *info);
#define type_init(fn)						\
	static void __attribute__((constructor)) stub_##fn(void) { fn(); }

typedef struct VMStateDescription {
	const char *name;
	int unmigratable;
} VMStateDescription;

typedef struct Property {
	const char *name;
} Property;
#define DEFINE_PROP_STRING(n, s, f) { n }
#define DEFINE_PROP_BOOL(n, s, f, d) { n }
#define DEFINE_PROP_UINT64(n, s, f, d) { n }
#define DEFINE_PROP_UINT32(n, s, f, d) { n }
#define DEFINE_PROP_END_OF_LIST() { 0 }

typedef struct DeviceClass {
	const char *desc;
	const VMStateDescription *vmsd;
	unsigned long categories[1];
	Property *props;
	void (*reset)(DeviceState *dev);
	bool hotpluggable;
} DeviceClass;
enum { DEVICE_CATEGORY_MISC };
#define set_bit(n, words) ((words)[0] |= 1ul << (n))
static inline void device_class_set_props(DeviceClass *dc, Property *props)
{
	dc->props = props;
}

/* Properties are kept by name, so that inputs can set them. */
typedef enum { OBJ_PROP_FLAG_READ = 1, OBJ_PROP_FLAG_WRITE, OBJ_PROP_FLAG_READWRITE }
	ObjectPropertyFlags;
typedef void StubAccessor(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp);
void object_property_add(Object *obj, const char *name, const char *type, StubAccessor *get,
			 StubAccessor *set, void *release, void *opaque);
void object_property_add_bool(Object *obj, const char *name, bool (*get)(Object *, Error **),
			      void (*set)(Object *, bool, Error **));
void object_property_add_uint32_ptr(Object *obj, const char *name, uint32_t *value,
				    ObjectPropertyFlags flags);
void object_property_add_uint64_ptr(Object *obj, const char *name, uint64_t *value,
				    ObjectPropertyFlags flags);
void object_property_add_alias(Object *obj, const char *name, Object *target,
			       const char *target_name);
bool visit_type_uint32(Visitor *v, const char *name, uint32_t *value, Error **errp);
bool visit_type_uint64(Visitor *v, const char *name, uint64_t *value, Error **errp);

void error_setg(Error **errp, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
