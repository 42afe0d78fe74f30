# SPDX-License-Identifier: BSD-3-Clause
# What json_walk.py runs with -o json: each command of the table once where it works, and where it
# finds nothing. Slots 0 and 1: two partitions of one domain, and the card of 1 was tampered with;
# 2: a backup card; 3: a partition with a PED; 4 and 5: firmware 5.22, the latter with a PED.
# "#= exit N" and "#= empty KEY" (a list of data without items) say what comes of the next command;
# without them it works.

# ---- What is there before anything is done
slot list
slot partitionlist
card list
#= exit 6
status
card profiles
card stats
doctor
help
help partition
help partition clone
help partition archive
partition clone ?
hagroup retry -count 3
#= empty groups
hagroup listgroups
clientconfig show
#= empty archives
partition archive list -slot 2
#= empty events
monitor -timeout 0
#= empty events
monitor -timeout 0 -stream
monitor -timeout 0 -count 1
monitor -interval 1 -count 1
#= empty samples
monitor -interval 2 -timeout 1
slot partitionlist -slot 0
partition contents -slot 0
partition showinfo -slot 0
partition showpolicies -slot 0
partition showmechanism -slot 0
hsm showpolicies -slot 0 -exporttemplate hsm-policies
hsm time show -slot 0
hsm selftest -slot 0
hsm monitor -slot 0
hsm tampershow -slot 0
hsm certificate device.pem -slot 0 -use device

# ---- Cards as folders
card create new.coffer -kdf-cost test -label fresh
card export new.coffer new.card
card import new.card again.coffer
card tamper again.coffer -force
card decommission new.coffer -force
card image create new.image -profile pcie-6.24

# ---- A card and its partition from the beginning
slot set -slot 9000
role login -name so -password so-pin-0
hsm init -label card -password so-pin-0 -domain D -force -auth
role logout
audit init -password au-pin-0
role login -name au -password au-pin-0
audit config -events all
audit show -keep
audit show -keep -since 1
audit config
audit verify
audit show
#= empty records
audit show -unseen
role logout
role login -name so -password so-pin-0
hsm showinfo
hsm monitor
hsm showpolicies -verbose
hsm changehsmpolicy -policy 15 -value 1 -force
hsm time set 2031-05-06T07:08:09Z
hsm time show
hsm time set now
hsm selftest
hsm tampershow
#= exit 1
hsm tamperclear -force
slot set -slot 9001
hsm tampershow
role login -name so -password so-pin-1
hsm tamperclear -force
role logout
slot set -slot 9000
partition create -label extra
partition resize -slot 32 -size 1000000
partition delete -label extra -force
role logout
slot set -slot 0
partition init -label part0 -password po-pin-0 -domain D -force -auth
role logout
role login -name po -password po-pin-0
partition changepolicy -policy 44 -value 1
partition domainchangelabel -newlabel first
partition domainadd -domain E -domainlabel second
partition changelabel -label part0
partition domainlist
partition domaindelete -domainlabel second -force
partition ciphershow
partition cipherdisable -id 1
partition cipherenable -id 1
partition showinfo
partition showpolicies
partition showpolicies -verbose -exporttemplate policies
partition showmechanism
partition showmechanism -mechanism rsa-pkcs
role init -name co -password co-first
role resetpw -name co -password co-again
role list
role show -name co
role logout
role login -name co -password co-again
role changepw -name co -oldpw co-again -newpw co-pin

# ---- Objects
#= empty objects
partition contents
object generate rsa -label rsa
object generate ec -label ec -id 0102
object generate ed25519 -label ed
object generate aes -label aes -session
object generate generic -label generic
object import data data -label data
object import aes key -label imported
partition contents
object show -label generic
object show -label data
object export-public -label ec
object export-public -label ec -file ec.pem
object import public ec.pem -label public
object sign -label ec -in data
object sign -label ec -in data -out ec.sig
object verify -label ec -in data -signature ec.sig
object show -handle label:generic
object export-public -handle pkcs11:object=ec;type=private
object sign -handle pkcs11:object=ec;type=private -in data -mechanism ecdsa-sha256 -format raw -out raw.sig
object verify -handle pkcs11:object=ec;type=public -in data -mechanism ecdsa-sha256 -format raw -signature raw.sig

# ---- Clones and archives
slot set -slot 1
role login -name co -password co-pin-1
role changepw -name co -oldpw co-pin-1 -newpw co-pin
role logout
slot set -slot 0
partition clone -objects all -slot 1 -password co-pin --dryrun
partition clone -objects all -slot 1 -password co-pin
#= exit 6
partition clone -objects 1,2,3,4,5,6,7,8,9,10,999999 -slot 1 -password co-pin
#= exit 1
partition clone -objects 999999 -slot 1 -password co-pin
migrate -from 0 -to 1 -frompassword co-pin -password co-pin --dryrun
migrate -from 0 -to 1 -frompassword co-pin -password co-pin
slot set -slot 0
partition archive backup -slot 2 -partition p -so vault-pin -pw arc-pin -domain D --dryrun
partition archive backup -slot 2 -partition p -so vault-pin -pw arc-pin -domain D
partition archive list -slot 2
partition archive contents -slot 2 -partition p -pw arc-pin
partition archive verify -slot 2 -partition p -pw arc-pin
partition archive restore -slot 2 -partition p -pw arc-pin
partition archive delete -slot 2 -partition p -so vault-pin -force
hsm certificate card.pem -slot 0
partition archive export keys.car -recipient card.pem
partition archive show keys.car
partition archive check keys.car
object delete 2 -force
partition clear -force
partition archive import keys.car -dryrun
partition archive import keys.car
partition archive import keys.car
partition clear -force
#= empty objects
partition contents

# ---- Groups
clientconfig import client.conf
hagroup creategroup -label G -slot 0 -password co-pin -existing copy
hagroup addmember -group G -slot 1 -password co-pin
hagroup listgroups
hagroup listgroups -password co-pin
status
hagroup check -group G -password co-pin
hagroup synchronize -group G -password co-pin
hagroup synchronize -group G -disable
hagroup recover -group G -password co-pin
hagroup addstandby -group G -slot 1
hagroup removestandby -group G -slot 1
clientconfig show
slot list
slot set -slot 9100
role login -name co -password co-pin
object generate aes -label shared
partition contents
hagroup interval 90
hagroup recoverymode activeBasic
hagroup halog -path ha.log -enable
hagroup halog -show
hagroup haonly -enable
hagroup haonly -show
hagroup haonly -disable
hagroup removemember -group G -slot 1
hagroup deletegroup -label G

# ---- A card with a PED
slot set -slot 3
ped key create grey.key -color grey -label user -imprint
ped key copy grey.key grey-2.key
ped key show grey.key
ped disconnect
ped connect desk.ped
ped show -slot 3
ped insert black.key
ped insert blue.key
ped insert grey.key
ped show
ped remove grey
role login -name po
partition changepolicy -policy 22 -value 1
role createchallenge -name co -challengesecret challenge-1
role logout
role login -name co
role deactivate -name co
role logout

# ---- A card of before roles had names, and its update
slot set -slot 9004
hsm init -label old -password so-password -domain D -force
role login -name so -password so-password
slot set -slot 4
partition init -label old -password co-password -domain D -force
partition login -password co-password
partition createuser -password cu-password
partition changepw -oldpw co-password -newpw co-other
partition logout
slot set -slot 9004
hsm changehsmpolicy -policy 15 -value 1 -force
slot set -slot 4
partition init -label old -password co-password -domain D -force
slot set -slot 9004
role logout
role login -name so -password so-password
slot set -slot 4
partition resetpw -password co-third
slot set -slot 9004
hsm updatefw new.image -force
hsm showinfo -slot 9004

# ---- One that has a PED, too
slot set -slot 9005
hsm init -label old -force
role login -name so
partition create -label old
slot set -slot 5
partition init -label old -force
partition changepolicy -policy 22 -value 1
partition createchallenge -challengesecret challenge-1
partition activate -password challenge-1
partition deactivate
partition logout

# ---- The end of it all
slot set -slot 9000
role login -name so -password so-pin-0
hsm zeroize -force
hsm factoryreset -force
exit
