// Says what GoBGP's packet library makes of BGP messages: lines of `OPTIONS HEX` in, lines of JSON out, one for one.
//
// Options, in any order: `2` two-octet AS numbers, `i` iBGP, `a` several paths for a prefix; `-` where there is none.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
)

// Group is routes that share next hops. Addresses are in hexadecimal, so that no two ways to write one differ.
type Group struct {
	Family   string   `json:"family"`
	NextHop  string   `json:"nextHop"`
	Prefixes []string `json:"prefixes"`
}

// View is what a message says, in the words of the comparison.
type View struct {
	Kind       string         `json:"kind"`
	Handling   string         `json:"handling"`
	Problem    string         `json:"problem,omitempty"`
	Withdrawn  []Group        `json:"withdrawn,omitempty"`
	Announced  []Group        `json:"announced,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Fields     map[string]any `json:"fields,omitempty"`
}

var handlings = map[bgp.ErrorHandling]string{
	bgp.ERROR_HANDLING_NONE:              "fine",
	bgp.ERROR_HANDLING_ATTRIBUTE_DISCARD: "fine",
	bgp.ERROR_HANDLING_TREAT_AS_WITHDRAW: "withdraw",
	bgp.ERROR_HANDLING_AFISAFI_DISABLE:   "disableFamily",
	bgp.ERROR_HANDLING_SESSION_RESET:     "reset",
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<18), 1<<18)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for in.Scan() {
		options, text, _ := strings.Cut(in.Text(), " ")
		frame, err := hex.DecodeString(text)
		if err != nil {
			fmt.Fprintln(os.Stderr, "not hexadecimal:", in.Text())
			os.Exit(2)
		}
		if err := encoder.Encode(view(frame, options)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func view(frame []byte, options string) (v View) {
	defer func() {
		if problem := recover(); problem != nil {
			v = View{Kind: "panic", Handling: "panic", Problem: fmt.Sprint(problem)}
		}
	}()
	marshalling := &bgp.MarshallingOption{Use2ByteAS: strings.Contains(options, "2"), ExtendedMessage: true}
	families := map[bgp.Family]bgp.BGPAddPathMode{bgp.RF_IPv4_UC: bgp.BGP_ADD_PATH_NONE, bgp.RF_IPv6_UC: bgp.BGP_ADD_PATH_NONE}
	if strings.Contains(options, "a") {
		families = map[bgp.Family]bgp.BGPAddPathMode{bgp.RF_IPv4_UC: bgp.BGP_ADD_PATH_RECEIVE, bgp.RF_IPv6_UC: bgp.BGP_ADD_PATH_RECEIVE}
		marshalling.AddPath = families
	}
	message, err := bgp.ParseBGPMessage(frame, marshalling)
	v.Handling, v.Problem = handlingOf(err)
	if message == nil {
		v.Kind = "error"
		return v
	}
	switch body := message.Body.(type) {
	case *bgp.BGPUpdate:
		v.Kind = "update"
		if v.Handling == "reset" {
			return v
		}
		_, err := bgp.ValidateUpdateMsg(body, families, !strings.Contains(options, "i"), false, true)
		if handling, problem := handlingOf(err); strength(handling) > strength(v.Handling) {
			v.Handling, v.Problem = handling, problem
		}
		describeUpdate(&v, body)
	case *bgp.BGPOpen:
		v.Kind = "open"
		describeOpen(&v, body)
	case *bgp.BGPNotification:
		v.Kind = "notification"
		v.Fields = map[string]any{"code": body.ErrorCode, "subcode": body.ErrorSubcode, "data": hex.EncodeToString(body.Data)}
	case *bgp.BGPKeepAlive:
		v.Kind = "keepalive"
	case *bgp.BGPRouteRefresh:
		v.Kind = "routeRefresh"
		v.Fields = map[string]any{"afi": body.AFI, "safi": body.SAFI, "subtype": body.Demarcation}
	}
	return v
}

func strength(handling string) int {
	for index, name := range []string{"fine", "withdraw", "disableFamily", "reset"} {
		if name == handling {
			return index
		}
	}
	return 0
}

func handlingOf(err error) (string, string) {
	var problem *bgp.MessageError
	if errors.As(err, &problem) {
		return handlings[problem.ErrorHandling], problem.Message
	}
	if err != nil {
		return "reset", err.Error()
	}
	return "fine", ""
}

func describeOpen(v *View, open *bgp.BGPOpen) {
	if v.Handling == "reset" {
		return
	}
	asn, err := bgp.ValidateOpenMsg(open, 0, 0, netip.IPv4Unspecified())
	if err != nil {
		v.Handling, v.Problem = "reset", err.Error()
	}
	codes := []int{}
	for _, parameter := range open.OptParams {
		if capabilities, ok := parameter.(*bgp.OptionParameterCapability); ok {
			for _, capability := range capabilities.Capability {
				codes = append(codes, int(capability.Code()))
			}
		}
	}
	v.Fields = map[string]any{"asn": asn, "holdTime": open.HoldTime, "id": addressHex(open.ID), "capabilities": codes}
}

func describeUpdate(v *View, update *bgp.BGPUpdate) {
	v.Attributes = map[string]any{}
	nextHop := ""
	var reach *bgp.PathAttributeMpReachNLRI
	for _, attribute := range update.PathAttributes {
		switch a := attribute.(type) {
		case *bgp.PathAttributeNextHop:
			nextHop = addressHex(a.Value)
		case *bgp.PathAttributeMpReachNLRI:
			reach = a
		case *bgp.PathAttributeMpUnreachNLRI:
			v.addGroup(&v.Withdrawn, bgp.NewFamily(a.AFI, a.SAFI), "", a.Value)
		default:
			describeAttribute(v.Attributes, attribute)
		}
	}
	v.addGroup(&v.Withdrawn, bgp.RF_IPv4_UC, "", update.WithdrawnRoutes)
	v.addGroup(&v.Announced, bgp.RF_IPv4_UC, nextHop, update.NLRI)
	if reach != nil {
		v.addGroup(&v.Announced, bgp.NewFamily(reach.AFI, reach.SAFI), addressHex(reach.Nexthop)+addressHex(reach.LinkLocalNexthop), reach.Value)
	}
}

func describeAttribute(into map[string]any, attribute bgp.PathAttributeInterface) {
	switch a := attribute.(type) {
	case *bgp.PathAttributeOrigin:
		into["origin"] = a.Value
	case *bgp.PathAttributeAsPath:
		path := []uint32{}
		for _, segment := range a.Value {
			path = append(path, segment.GetAS()...)
		}
		into["asPath"] = path
	case *bgp.PathAttributeMultiExitDisc:
		into["med"] = a.Value
	case *bgp.PathAttributeLocalPref:
		into["localPref"] = a.Value
	case *bgp.PathAttributeAtomicAggregate:
		into["atomicAggregate"] = true
	case *bgp.PathAttributeAggregator:
		into["aggregator"] = fmt.Sprintf("%d %s", a.Value.AS, addressHex(a.Value.Address))
	case *bgp.PathAttributeCommunities:
		into["communities"] = a.Value
	case *bgp.PathAttributeOriginatorId:
		into["originatorId"] = addressHex(a.Value)
	case *bgp.PathAttributeClusterList:
		members := []string{}
		for _, member := range a.Value {
			members = append(members, addressHex(member))
		}
		into["clusterList"] = members
	case *bgp.PathAttributeLargeCommunities:
		members := []string{}
		for _, member := range a.Values {
			members = append(members, fmt.Sprintf("%d:%d:%d", member.ASN, member.LocalData1, member.LocalData2))
		}
		into["largeCommunities"] = members
	case *bgp.PathAttributeUnknown:
		if a.GetFlags()&bgp.BGP_ATTR_FLAG_TRANSITIVE != 0 {
			into[fmt.Sprintf("unknown %d", a.GetType())] = hex.EncodeToString(a.Value)
		}
	}
}

// addGroup adds routes of the two families that the comparison knows; without any there is no group.
func (v *View) addGroup(groups *[]Group, family bgp.Family, nextHop string, routes []bgp.PathNLRI) {
	names := map[bgp.Family]string{bgp.RF_IPv4_UC: "IPv4", bgp.RF_IPv6_UC: "IPv6"}
	name, known := names[family]
	if !known || len(routes) == 0 {
		return
	}
	prefixes := []string{}
	for _, route := range routes {
		prefix := route.NLRI.(*bgp.IPAddrPrefix).Prefix
		prefixes = append(prefixes, fmt.Sprintf("%d %s/%d", route.ID, addressHex(prefix.Addr()), prefix.Bits()))
	}
	*groups = append(*groups, Group{Family: name, NextHop: nextHop, Prefixes: prefixes})
}

func addressHex(address netip.Addr) string {
	return hex.EncodeToString(address.AsSlice())
}
